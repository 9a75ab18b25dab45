package mechinterp.circuits;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.Tokenizer;

/**
 * Random words, and the first of them again:
 *
 * <pre>
 *   clean     w1 w2 ... wn w1 ... wk        answer w(k+1)
 *   corrupt   the same with another word in the place of the first w(k+1), which is the wrong one
 * </pre>
 *
 * so a model answers only by looking back to where the word before stood.
 */
final class InductionPrompts {
  private static final int WORDS = 10;
  private static final int REPEATED = 4;
  private static final int SHORTEST_WORD = 3;

  private final List<Integer> words;
  private final List<Integer> start;
  private final RandomStream random;
  private long drawn;

  private InductionPrompts(List<Integer> words, List<Integer> start, RandomStream random) {
    this.words = words;
    this.start = start;
    this.random = random;
  }

  /** Returns examples, or none when the tokenizer has too few words. */
  static List<CircuitExample> of(Tokenizer tokenizer, int count, RandomStream random) {
    List<Integer> words =
        IntStream.range(0, tokenizer.vocabularySize())
            .filter(id -> isWord(tokenizer, id))
            .boxed()
            .toList();
    List<Integer> start = tokenizer.bos().stream().boxed().toList();
    InductionPrompts prompts = new InductionPrompts(words, start, random);
    return words.size() <= WORDS
        ? List.of()
        : IntStream.range(0, count).mapToObj(_ -> prompts.example()).toList();
  }

  /** A word of small letters with a space before it. */
  private static boolean isWord(Tokenizer tokenizer, int id) {
    String text = tokenizer.isSpecial(id) ? "" : tokenizer.decode(id);
    return text.matches(" [a-z]{%d,}".formatted(SHORTEST_WORD));
  }

  private CircuitExample example() {
    List<Integer> drawnWords = new ArrayList<>();
    while (drawnWords.size() <= WORDS) {
      int word = words.get(random.below(drawn++, words.size()));
      if (!drawnWords.contains(word)) {
        drawnWords.add(word);
      }
    }
    int wrong = drawnWords.removeLast();
    int answer = drawnWords.get(REPEATED);
    List<Integer> clean = new ArrayList<>(start);
    clean.addAll(drawnWords);
    clean.addAll(drawnWords.subList(0, REPEATED));
    List<Integer> corrupt = new ArrayList<>(clean);
    var _ = corrupt.set(start.size() + REPEATED, wrong);
    return new CircuitExample(clean, corrupt, answer, wrong);
  }
}
