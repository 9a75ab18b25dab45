package mechinterp.analysis.rule;

import java.util.ArrayList;
import java.util.List;

/** A pattern in one number: its length, and 20 bits for each token. */
final class PatternKey {
  /** The longest pattern. */
  static final int LONGEST = 3;

  /** One more than the largest token id. */
  static final int VOCABULARY = 1 << 20;

  private static final int TOKEN_BITS = 20;
  private static final int LENGTH_SHIFT = 60;

  private PatternKey() {}

  /** Returns the patterns that end at the last of some tokens: at place n - 1 that of length n. */
  static long[] endingAt(int[] ids, int count) {
    long[] keys = new long[Math.min(LONGEST, count)];
    long tokens = 0;
    for (int length = 1; length <= keys.length; length++) {
      tokens |= (long) ids[count - length] << (TOKEN_BITS * (length - 1));
      keys[length - 1] = ((long) length << LENGTH_SHIFT) | tokens;
    }
    return keys;
  }

  static int length(long key) {
    return (int) (key >>> LENGTH_SHIFT);
  }

  /** Returns the pattern without its first token; it must have two at least. */
  static long suffix(long key) {
    int length = length(key) - 1;
    long tokens = key & ((1L << (TOKEN_BITS * length)) - 1);
    return ((long) length << LENGTH_SHIFT) | tokens;
  }

  static List<Integer> tokens(long key) {
    List<Integer> tokens = new ArrayList<>();
    for (int place = length(key) - 1; place >= 0; place--) {
      tokens.add((int) (key >>> (TOKEN_BITS * place)) & (VOCABULARY - 1));
    }
    return tokens;
  }
}
