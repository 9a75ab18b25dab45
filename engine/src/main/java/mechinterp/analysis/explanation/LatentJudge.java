package mechinterp.analysis.explanation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import mechinterp.io.chat.ChatMessage;
import mechinterp.io.chat.ChatModel;
import mechinterp.io.chat.ChatQuestion;
import mechinterp.random.RandomStream;

/**
 * Asks a language model to explain latents and scores the explanations, as <a
 * href="https://arxiv.org/abs/2410.13928">Paulo, Mallen, Juang and Belrose 2024</a> do: detection,
 * fuzzing, and the intruder of <a href="https://arxiv.org/abs/2507.08473">Paulo and Belrose
 * 2025</a>, which needs no explanation. Immutable; several threads may ask at once.
 */
public final class LatentJudge {
  private final ChatModel model;
  private final ExplanationConfig config;

  /** Asks a model. */
  public LatentJudge(ChatModel model, ExplanationConfig config) {
    this.model = model;
    this.config = config;
  }

  /** A context in a question and what is right about it. */
  private record Item(String text, boolean right) {}

  /** A form of question about an explanation. */
  @FunctionalInterface
  private interface Form {
    List<ChatMessage> messages(String explanation, List<String> excerpts);
  }

  /**
   * Explains a latent and scores the explanation. Where the latent has no contexts of a kind, the
   * questions that need them are left out.
   *
   * @throws IOException when the model does not answer
   */
  public LatentExplanation judge(LatentExamples examples) throws IOException {
    Optional<String> text = explain(examples);
    boolean scored =
        text.isPresent() && !examples.active().isEmpty() && !examples.inactive().isEmpty();
    return new LatentExplanation(
        examples.latent(),
        text,
        scored ? Optional.of(detection(text.get(), examples)) : Optional.empty(),
        scored ? Optional.of(fuzzing(text.get(), examples)) : Optional.empty(),
        intruder(examples));
  }

  private Optional<String> explain(LatentExamples examples) throws IOException {
    return examples.shown().isEmpty()
        ? Optional.empty()
        : Answers.explanation(ask(Prompts.explain(examples, config.markFrom())));
  }

  private String ask(List<ChatMessage> messages) throws IOException {
    return model.answer(new ChatQuestion(messages, 0, config.maxTokens()));
  }

  private DetectionCount detection(String explanation, LatentExamples examples) throws IOException {
    List<Item> items =
        Stream.concat(
                examples.active().stream().map(each -> new Item(each.text(), true)),
                examples.inactive().stream().map(each -> new Item(each.text(), false)))
            .toList();
    return count(explanation, shuffled(items, "detection", examples.latent()), Prompts::detect);
  }

  /** Contexts with the latent have the right tokens marked, the others as many random ones. */
  private DetectionCount fuzzing(String explanation, LatentExamples examples) throws IOException {
    RandomStream random = stream("fuzzing marks", examples.latent());
    List<Item> items = new ArrayList<>();
    for (Excerpt active : examples.active()) {
      items.add(new Item(active.marked(active.strong(config.markFrom())), true));
    }
    int marks = meanMarks(examples.active());
    for (int i = 0; i < examples.inactive().size(); i++) {
      Excerpt inactive = examples.inactive().get(i);
      items.add(new Item(inactive.marked(randomMarks(inactive, marks, random, i)), false));
    }
    return count(explanation, shuffled(items, "fuzzing", examples.latent()), Prompts::fuzz);
  }

  /** Returns how many tokens of a context are marked in the mean, rounded up. */
  private int meanMarks(List<Excerpt> excerpts) {
    int marks = excerpts.stream().mapToInt(e -> e.strong(config.markFrom()).cardinality()).sum();
    return Math.ceilDiv(marks, excerpts.size());
  }

  private static BitSet randomMarks(Excerpt excerpt, int count, RandomStream random, int number) {
    int tokens = excerpt.tokens().size();
    BitSet marks = new BitSet();
    for (int i = 0; marks.cardinality() < Math.min(count, tokens); i++) {
      marks.set(random.below(((long) number << Integer.SIZE) | i, tokens));
    }
    return marks;
  }

  private DetectionCount count(String explanation, List<Item> items, Form form) throws IOException {
    DetectionCount count = new DetectionCount(0, 0, 0, 0, 0);
    for (int from = 0; from < items.size(); from += config.atOnce()) {
      List<Item> some = items.subList(from, Math.min(items.size(), from + config.atOnce()));
      List<String> texts = some.stream().map(Item::text).toList();
      count =
          count.plus(
              Answers.verdicts(ask(form.messages(explanation, texts)), some.size())
                  .map(verdicts -> compared(some, verdicts))
                  .orElse(new DetectionCount(0, 0, 0, 0, some.size())));
    }
    return count;
  }

  private static DetectionCount compared(List<Item> items, List<Boolean> verdicts) {
    DetectionCount count = new DetectionCount(0, 0, 0, 0, 0);
    for (int i = 0; i < items.size(); i++) {
      int same = items.get(i).right() == verdicts.get(i) ? 1 : 0;
      count =
          count.plus(
              items.get(i).right()
                  ? new DetectionCount(1, same, 0, 0, 0)
                  : new DetectionCount(0, 0, 1, same, 0));
    }
    return count;
  }

  private Optional<IntruderCount> intruder(LatentExamples examples) throws IOException {
    int others = config.atOnce() - 1;
    int questions = Math.min(config.intruders(), examples.inactive().size());
    if (questions == 0 || examples.active().size() < others) {
      return Optional.empty();
    }
    RandomStream random = stream("intruder", examples.latent());
    int answered = 0;
    int found = 0;
    for (int q = 0; q < questions; q++) {
      int place = random.below(2L * q, config.atOnce());
      OptionalInt choice =
          Answers.choice(ask(Prompts.intruder(line(examples, q, place, random))), config.atOnce());
      answered += choice.isPresent() ? 1 : 0;
      found += choice.isPresent() && choice.getAsInt() == place ? 1 : 0;
    }
    return Optional.of(new IntruderCount(answered, found, questions - answered, config.atOnce()));
  }

  /** Contexts of similar strength, in the order of their strength, with the intruder among them. */
  private List<String> line(LatentExamples examples, int question, int place, RandomStream random) {
    int others = config.atOnce() - 1;
    List<Excerpt> active = examples.active();
    int from = random.below(2L * question + 1, active.size() - others + 1);
    List<Excerpt> similar = active.subList(from, from + others);
    List<String> line = new ArrayList<>();
    similar.forEach(each -> line.add(each.marked(each.strong(config.markFrom()))));
    Excerpt intruder = examples.inactive().get(question);
    RandomStream marks = stream("intruder marks", examples.latent());
    line.add(place, intruder.marked(randomMarks(intruder, meanMarks(similar), marks, question)));
    return line;
  }

  private List<Item> shuffled(List<Item> items, String name, int latent) {
    int[] order = stream(name, latent).permutation(items.size());
    List<Item> shuffled = new ArrayList<>();
    for (int place : order) {
      shuffled.add(items.get(place));
    }
    return shuffled;
  }

  private RandomStream stream(String name, int latent) {
    return RandomStream.of(config.seed(), "explanation/%s %d".formatted(name, latent));
  }
}
