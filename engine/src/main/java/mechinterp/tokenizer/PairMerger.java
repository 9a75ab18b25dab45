package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.eclipse.collections.impl.list.mutable.primitive.IntArrayList;
import org.eclipse.collections.impl.map.mutable.primitive.LongLongHashMap;
import org.eclipse.collections.impl.map.mutable.primitive.LongObjectHashMap;

/**
 * Merges the most frequent pair of neighbours again and again. Counts are kept as {@code
 * tokenizers} keeps them, so that ties and tokens that come about in two ways end the same.
 */
final class PairMerger {
  private final int vocabularySize;
  private final List<String> tokens;
  private final Map<String, Integer> ids = new HashMap<>();
  private final int[][] words;
  private final long[] counts;
  private final LongLongHashMap pairCounts = new LongLongHashMap();
  private final PairQueue queue = new PairQueue();

  /** A pair that came about a second time is merged where it came about last. */
  private final SequencedSet<Long> merges = new LinkedHashSet<>();

  /** The words in which the present merge made a pair. */
  private LongObjectHashMap<IntArrayList> made = new LongObjectHashMap<>();

  /**
   * Takes what training begins with.
   *
   * @param alphabet the first tokens, in the order of their ids
   * @param text the words; their characters are in the alphabet
   * @param vocabularySize how many tokens there shall be
   */
  PairMerger(List<String> alphabet, List<WordCounts.Word> text, int vocabularySize) {
    this.vocabularySize = vocabularySize;
    this.tokens = new ArrayList<>(alphabet);
    for (String token : alphabet) {
      ids.put(token, ids.size());
    }
    this.words = text.stream().map(word -> spelled(word.characters())).toArray(int[][]::new);
    this.counts = text.stream().mapToLong(WordCounts.Word::count).toArray();
  }

  private int[] spelled(String characters) {
    return characters.chars().map(c -> ids.getOrDefault(Character.toString(c), -1)).toArray();
  }

  /** Merges until there are enough tokens, or no pair is left. */
  void run() {
    for (int i = 0; i < words.length; i++) {
      for (int j = 0; j + 1 < words[i].length; j++) {
        change(words[i][j], words[i][j + 1], counts[i], i);
      }
    }
    queueMade();
    while (tokens.size() < vocabularySize && !queue.isEmpty()) {
      PairQueue.Entry top = queue.removeFirst();
      long count = pairCounts.get(top.pair());
      if (count != top.count()) {
        queue.add(top.withCount(count));
      } else if (count < 1) {
        return;
      } else {
        merge(top);
      }
    }
  }

  private void merge(PairQueue.Entry top) {
    int left = left(top.pair());
    int right = right(top.pair());
    String token = tokens.get(left) + tokens.get(right);
    int merged = ids.computeIfAbsent(token, _ -> tokens.size());
    if (merged == tokens.size()) {
      tokens.add(token);
    }
    merges.remove(top.pair());
    merges.addLast(top.pair());
    top.words().forEach(word -> mergeIn(word, left, right, merged));
    queueMade();
  }

  private void mergeIn(int word, int left, int right, int merged) {
    int[] symbols = words[word];
    long count = counts[word];
    int written = 0;
    int read = 0;
    while (read < symbols.length) {
      if (symbols[read] != left || read + 1 == symbols.length || symbols[read + 1] != right) {
        symbols[written++] = symbols[read++];
        continue;
      }
      read += 2;
      if (written > 0) {
        change(symbols[written - 1], left, -count, word);
        change(symbols[written - 1], merged, count, word);
      }
      if (read < symbols.length) {
        change(right, symbols[read], -count, word);
        change(merged, symbols[read], count, word);
      }
      symbols[written++] = merged;
    }
    words[word] = Arrays.copyOf(symbols, written);
  }

  private void change(int left, int right, long count, int word) {
    long pair = ((long) left << Integer.SIZE) | right;
    pairCounts.addToValue(pair, count);
    if (count > 0) {
      IntArrayList in = made.getIfAbsentPut(pair, IntArrayList::new);
      if (in.isEmpty() || in.getLast() != word) {
        in.add(word);
      }
    }
  }

  private void queueMade() {
    made.forEachKeyValue((pair, in) -> {
      if (pairCounts.get(pair) > 0) {
        queue.add(new PairQueue.Entry(pair, pairCounts.get(pair), in));
      }
    });
    made = new LongObjectHashMap<>();
  }

  private static int left(long pair) {
    return (int) (pair >>> Integer.SIZE);
  }

  private static int right(long pair) {
    return (int) pair;
  }

  /** Returns all tokens in the order of their ids. */
  List<String> tokens() {
    return List.copyOf(tokens);
  }

  /** Returns the merges in order, each the two tokens. */
  List<List<String>> merges() {
    return merges.stream()
        .map(pair -> List.of(tokens.get(left(pair)), tokens.get(right(pair))))
        .toList();
  }
}
