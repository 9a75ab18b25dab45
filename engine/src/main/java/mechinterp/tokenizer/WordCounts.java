package mechinterp.tokenizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How often each word is in a text, as its bytes' characters. */
final class WordCounts {
  private final PreTokenizer steps;
  private final Map<String, Counter> counters = new HashMap<>();

  private static final class Counter {
    private long count;
  }

  /**
   * A word of the text.
   *
   * @param characters its bytes, each as its character of {@link ByteAlphabet}
   * @param count how often it is there
   */
  record Word(String characters, long count) {}

  WordCounts(SplitRule rule) {
    steps = PreTokenizerReader.sequence(rule.steps());
  }

  void add(String text) {
    if (!text.isEmpty()) {
      steps.split(
          AlignedText.of(AlignedText.wellFormed(text), 0, text.length()),
          0,
          text.length(),
          (words, from, to) -> count(words.text().substring(from, to)));
    }
  }

  private void count(String word) {
    counters.computeIfAbsent(word, _ -> new Counter()).count++;
  }

  /** Returns the words in an order that depends on nothing but the words. */
  List<Word> words() {
    Map<String, Long> sorted = new TreeMap<>();
    counters.forEach(
        (word, counter) -> sorted.merge(ByteAlphabet.spell(word), counter.count, Long::sum));
    return sorted.entrySet().stream()
        .map(entry -> new Word(entry.getKey(), entry.getValue()))
        .toList();
  }
}
