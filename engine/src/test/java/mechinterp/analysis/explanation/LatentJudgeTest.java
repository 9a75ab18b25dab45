package mechinterp.analysis.explanation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mechinterp.io.chat.ChatModel;
import mechinterp.io.chat.ChatQuestion;
import org.junit.jupiter.api.Test;

/** Judges of known skill: one that knows everything, one that always says the same, one mad. */
class LatentJudgeTest {
  private static final ExplanationConfig CONFIG = ExplanationConfig.defaults().withContexts(3, 7);

  /** A latent that is active on " cat": strongly on the first of a context, weakly on others. */
  private static final LatentExamples CATS =
      new LatentExamples(
          4,
          8,
          IntStream.range(0, 3).mapToObj(i -> cat(8 - i)).toList(),
          IntStream.range(0, 7).mapToObj(i -> cat(7 - i)).toList(),
          IntStream.range(0, 7)
              .mapToObj(i -> new Excerpt(List.of("a", " dog", " no" + i, " fish"), zeros(4)))
              .toList());

  private static Excerpt cat(float strength) {
    return new Excerpt(
        List.of("the", " cat", " and", " cat", " s" + strength),
        List.of(0f, strength, 0.1f * strength, 0.5f * strength, 0f));
  }

  private static List<Float> zeros(int count) {
    return Collections.nCopies(count, 0f);
  }

  private final List<ChatQuestion> questions = Collections.synchronizedList(new ArrayList<>());

  private LatentExplanation judge(LatentExamples examples, Function<String, String> answers)
      throws IOException {
    return new LatentJudge(model(answers), CONFIG).judge(examples);
  }

  private ChatModel model(Function<String, String> answers) {
    return new ChatModel() {
      @Override
      public String name() {
        return "judge";
      }

      @Override
      public String answer(ChatQuestion question) {
        questions.add(question);
        return answers.apply(question.messages().getLast().content());
      }
    };
  }

  private static String explain(String question) {
    return question.contains("Strengths:") ? "[EXPLANATION]: cats" : "";
  }

  private static List<String> excerpts(String question) {
    return question.lines().filter(line -> line.startsWith("Excerpt ")).toList();
  }

  /** Knows that all marks must be cats, and that where nothing is marked a cat must be there. */
  private static String allKnowing(String question) {
    if (!question.startsWith("Explanation: cats") && !question.contains("Strengths:")) {
      for (String excerpt : excerpts(question)) {
        if (!excerpt.contains("<< cat>>")) {
          return "[RESPONSE]: " + excerpt.charAt("Excerpt ".length());
        }
      }
    }
    return question.contains("Strengths:")
        ? explain(question)
        : excerpts(question).stream()
            .map(line -> line.replace("<< cat>>", " cat"))
            .map(line -> line.contains(" cat") && !line.contains("<<") ? "1" : "0")
            .collect(Collectors.joining(", ", "[", "]"));
  }

  @Test
  void whoKnowsAllScoresOne() throws IOException {
    LatentExplanation found = judge(CATS, LatentJudgeTest::allKnowing);
    assertEquals(Optional.of("cats"), found.text());
    assertEquals(Optional.of(new DetectionCount(7, 7, 7, 7, 0)), found.detection());
    assertEquals(Optional.of(new DetectionCount(7, 7, 7, 7, 0)), found.fuzzing());
    assertEquals(Optional.of(new IntruderCount(5, 5, 0, 5)), found.intruder());
    assertEquals(1, found.fuzzing().orElseThrow().balancedAccuracy());
  }

  @Test
  void whoAlwaysSaysTheSameScoresChance() throws IOException {
    LatentExplanation found =
        judge(
            CATS,
            question -> {
              int count = excerpts(question).size();
              return question.contains("Strengths:")
                  ? explain(question)
                  : Collections.nCopies(count, "1") + " [RESPONSE]: 9";
            });
    assertEquals(Optional.of(new DetectionCount(7, 7, 7, 0, 0)), found.detection());
    assertEquals(0.5, found.detection().orElseThrow().balancedAccuracy());
    assertEquals(0.5, found.fuzzing().orElseThrow().balancedAccuracy());
    assertEquals(Optional.of(new IntruderCount(0, 0, 5, 5)), found.intruder());
    assertEquals(0.2, found.intruder().orElseThrow().accuracy());
  }

  @Test
  void whatCannotBeReadIsCounted() throws IOException {
    LatentExplanation found = judge(CATS, question -> explain(question) + "?");
    assertEquals(Optional.of(new DetectionCount(0, 0, 0, 0, 14)), found.detection());
    assertEquals(0.5, found.detection().orElseThrow().balancedAccuracy());
    LatentExplanation none = judge(CATS, _ -> "I would rather not.");
    assertEquals(Optional.empty(), none.text());
    assertEquals(Optional.empty(), none.detection());
  }

  @Test
  void questionsShowWhatTheyShould() throws IOException {
    var _ = judge(CATS, LatentJudgeTest::allKnowing);
    String explain = questions.getFirst().messages().getLast().content();
    assertEquals(
        """
        Excerpt 0: the<< cat>> and<< cat>> s8.0
        Strengths: (" cat", 10), (" cat", 5)
        Excerpt 1: the<< cat>> and<< cat>> s7.0
        Strengths: (" cat", 9), (" cat", 5)
        Excerpt 2: the<< cat>> and<< cat>> s6.0
        Strengths: (" cat", 8), (" cat", 4)\
        """,
        explain);
    // 14 contexts, 5 in a question, of detection and of fuzzing, and 5 intruders.
    assertEquals(1 + 3 + 3 + 5, questions.size());
    String detection = questions.get(1).messages().getLast().content();
    assertTrue(detection.startsWith("Explanation: cats\n\nExcerpt 0: "), detection);
    assertFalse(detection.contains("<<"), detection);
    List<String> fuzzed =
        questions.subList(4, 7).stream()
            .flatMap(question -> excerpts(question.messages().getLast().content()).stream())
            .filter(line -> line.contains("dog"))
            .toList();
    assertEquals(7, fuzzed.size());
    for (String line : fuzzed) {
      // Two tokens of a context are strong, so two are marked here, side by side or not.
      String unmarked = line.replaceAll("<<[^>]*>>", "");
      assertEquals(2, 4 - words(unmarked.replaceFirst("Excerpt \\d: ?", "")), line);
    }
  }

  private static int words(String text) {
    return (int) List.of(text.strip().split(" +", -1)).stream().filter(w -> !w.isEmpty()).count();
  }

  @Test
  void withoutContextsNothingIsAsked() throws IOException {
    LatentExamples dead = new LatentExamples(0, 0, List.of(), List.of(), List.of());
    assertEquals(
        new LatentExplanation(
            0, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
        judge(dead, _ -> "never"));
    assertEquals(List.of(), questions);
  }

  @Test
  void severalThreadsGiveTheSameInOrder() throws IOException {
    List<LatentExamples> many =
        IntStream.range(0, 9)
            .mapToObj(i -> new LatentExamples(i, 8, CATS.shown(), CATS.active(), CATS.inactive()))
            .toList();
    LatentJudge judge = new LatentJudge(model(LatentJudgeTest::allKnowing), CONFIG);
    List<Integer> progress = new ArrayList<>();
    List<LatentExplanation> found = new ParallelJudge(judge, 4).judge(many, progress::add);
    assertEquals(IntStream.range(0, 9).boxed().toList(), latents(found));
    assertEquals(IntStream.rangeClosed(1, 9).boxed().toList(), progress);
    assertEquals(found, new ParallelJudge(judge, 1).judge(many, _ -> {}));
  }

  private static List<Integer> latents(List<LatentExplanation> found) {
    return found.stream().map(LatentExplanation::latent).toList();
  }

  @Test
  void afterAFailureNothingElseIsAsked() {
    AtomicInteger asked = new AtomicInteger();
    ChatModel broken =
        new ChatModel() {
          @Override
          public String name() {
            return "broken";
          }

          @Override
          public String answer(ChatQuestion question) throws IOException {
            asked.incrementAndGet();
            throw new IOException("gone");
          }
        };
    List<LatentExamples> many = Collections.nCopies(100, CATS);
    ParallelJudge judge = new ParallelJudge(new LatentJudge(broken, CONFIG), 2);
    IOException failure = assertThrows(IOException.class, () -> judge.judge(many, _ -> {}));
    assertEquals("gone", failure.getMessage());
    assertTrue(asked.get() <= 2, "asked " + asked);
    assertThrows(
        IllegalArgumentException.class,
        () -> new ParallelJudge(new LatentJudge(broken, CONFIG), 0));
  }

  @Test
  void marksJoinTokensSideBySide() {
    Excerpt excerpt = new Excerpt(List.of("a", "b", " c", "d"), List.of(1f, 2f, 0f, -1f));
    BitSet marks = new BitSet();
    marks.set(0, 2);
    marks.set(3);
    assertEquals("<<ab>> c<<d>>", excerpt.marked(marks));
    assertEquals("ab cd", excerpt.text());
    assertEquals(1, excerpt.strong(0.6).cardinality());
    assertEquals(2, excerpt.strong(0.5).cardinality());
    assertEquals(0, new Excerpt(List.of("a"), List.of(0f)).strong(0.3).cardinality());
  }
}
