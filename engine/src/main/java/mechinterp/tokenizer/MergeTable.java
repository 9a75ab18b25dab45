package mechinterp.tokenizer;

import org.eclipse.collections.impl.map.mutable.primitive.LongLongHashMap;

/** Which pairs of neighbours become one token, and in which order of preference. */
final class MergeTable {
  /** What {@link #find} returns for a pair that stays apart. */
  static final long NONE = -1;

  private final LongLongHashMap merges;

  MergeTable(int expected) {
    merges = new LongLongHashMap(expected);
  }

  /** Adds a merge; a pair that is there already takes the new rank. */
  void put(int left, int right, int rank, int merged) {
    merges.put(pair(left, right), ((long) rank << Integer.SIZE) | merged);
  }

  /** Returns rank and token of a pair for {@link #rank} and {@link #merged}, or {@link #NONE}. */
  long find(int left, int right) {
    return merges.getIfAbsent(pair(left, right), NONE);
  }

  /** Returns the rank of what was found: lower ranks merge first. */
  static int rank(long found) {
    return (int) (found >>> Integer.SIZE);
  }

  /** Returns the token that a pair becomes. */
  static int merged(long found) {
    return (int) found;
  }

  private static long pair(int left, int right) {
    return ((long) left << Integer.SIZE) | right;
  }
}
