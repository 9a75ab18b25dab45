package mechinterp.tokenizer;

import java.util.PriorityQueue;
import org.eclipse.collections.api.list.primitive.IntList;

/** Pairs that training may merge: the most frequent first, of equals those of the lowest ids. */
final class PairQueue {
  /**
   * A pair as it was when it came into the queue.
   *
   * @param pair the ids of left and right in the upper and the lower half
   * @param count how often it was there
   * @param words the words that it was found in
   */
  record Entry(long pair, long count, IntList words) implements Comparable<Entry> {
    @Override
    public int compareTo(Entry other) {
      int byCount = Long.compare(other.count, count);
      return byCount == 0 ? Long.compare(pair, other.pair) : byCount;
    }

    Entry withCount(long now) {
      return new Entry(pair, now, words);
    }
  }

  private final PriorityQueue<Entry> entries = new PriorityQueue<>();

  void add(Entry entry) {
    entries.add(entry);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  Entry removeFirst() {
    return entries.remove();
  }
}
