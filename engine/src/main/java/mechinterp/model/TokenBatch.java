package mechinterp.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.tokenizer.Encoding;

/**
 * Several token sequences, one after the other without padding. Row t of an activation belongs to
 * token t of the batch. Immutable.
 */
public final class TokenBatch {
  private final int[] ids;
  private final int[] starts;
  private final int[] before;

  private TokenBatch(int[] ids, int[] starts, int[] before) {
    this.ids = ids;
    this.starts = starts;
    this.before = before;
  }

  /**
   * Joins sequences of token ids.
   *
   * @throws IllegalArgumentException when there is no sequence or an empty one
   */
  public static TokenBatch ofIds(List<int[]> sequences) {
    int[] starts = new int[sequences.size() + 1];
    for (int s = 0; s < sequences.size(); s++) {
      requireTokens(s, sequences.get(s).length);
      starts[s + 1] = Math.addExact(starts[s], sequences.get(s).length);
    }
    if (sequences.isEmpty()) {
      throw new IllegalArgumentException("token batch: no sequences; there must be at least one");
    }
    int[] ids = new int[starts[sequences.size()]];
    for (int s = 0; s < sequences.size(); s++) {
      System.arraycopy(sequences.get(s), 0, ids, starts[s], sequences.get(s).length);
    }
    return new TokenBatch(ids, starts, new int[sequences.size()]);
  }

  /**
   * Joins encoded texts.
   *
   * @throws IllegalArgumentException when there is no text or one without tokens
   */
  public static TokenBatch of(List<Encoding> texts) {
    return ofIds(texts.stream().map(Encoding::ids).toList());
  }

  /**
   * Joins the sequences of a padded batch without their padding, which may stand before or behind
   * the tokens.
   *
   * @param ids a row of ids for each sequence
   * @param attentionMask 1 for tokens, 0 for padding; the shape of {@code ids}
   * @throws IllegalArgumentException when the shapes differ, a mask has other numbers or padding
   *     between tokens, or a sequence is all padding
   */
  public static TokenBatch ofPadded(int[][] ids, int[][] attentionMask) {
    if (ids.length != attentionMask.length) {
      throw new IllegalArgumentException(
          "token batch: %d rows of ids, %d of the attention mask; they must be equal"
              .formatted(ids.length, attentionMask.length));
    }
    List<int[]> sequences = new ArrayList<>();
    for (int s = 0; s < ids.length; s++) {
      sequences.add(withoutPadding(s, ids[s], attentionMask[s]));
    }
    return ofIds(sequences);
  }

  private static int[] withoutPadding(int sequence, int[] ids, int[] mask) {
    if (ids.length != mask.length) {
      throw new IllegalArgumentException(
          "token batch: sequence %d has %d ids and an attention mask of %d; they must be equal"
              .formatted(sequence, ids.length, mask.length));
    }
    int from = 0;
    while (from < mask.length && mask[from] == 0) {
      from++;
    }
    int to = from;
    while (to < mask.length && mask[to] == 1) {
      to++;
    }
    for (int t = to; t < mask.length; t++) {
      if (mask[t] != 0) {
        throw new IllegalArgumentException(
            "token batch: attention mask of sequence %d is %d at %d; it must be 0, then 1, then 0"
                .formatted(sequence, mask[t], t));
      }
    }
    return Arrays.copyOfRange(ids, from, to);
  }

  private static void requireTokens(int sequence, int tokens) {
    if (tokens == 0) {
      throw new IllegalArgumentException(
          "token batch: sequence %d has no tokens; each must have at least one"
              .formatted(sequence));
    }
  }

  /** Returns the number of tokens of all sequences. */
  public int tokens() {
    return ids.length;
  }

  /** Returns the number of sequences. */
  public int sequences() {
    return starts.length - 1;
  }

  /** Returns the id of a token. */
  public int id(int token) {
    return ids[token];
  }

  /** Returns the ids of all tokens in a new array. */
  public int[] ids() {
    return ids.clone();
  }

  /** Returns the first token of a sequence. */
  public int start(int sequence) {
    return starts[sequence];
  }

  /** Returns the token behind the last one of a sequence. */
  public int end(int sequence) {
    return starts[sequence + 1];
  }

  /**
   * Returns the rows of each sequence as {@link mechinterp.kernel.Kernels#attention} wants them,
   * [sequences, 4] in a new array: first row and end of the queries, then those of the keys, which
   * are the same.
   */
  public int[] spans() {
    int[] spans = new int[sequences() * 4];
    for (int s = 0; s < sequences(); s++) {
      spans[4 * s] = start(s);
      spans[4 * s + 1] = end(s);
      spans[4 * s + 2] = start(s);
      spans[4 * s + 3] = end(s);
    }
    return spans;
  }

  /** Returns the number of tokens of the longest sequence. */
  public int longestSequence() {
    int longest = 0;
    for (int s = 0; s < sequences(); s++) {
      longest = Math.max(longest, end(s) - start(s));
    }
    return longest;
  }

  /** Returns the same tokens behind others of their sequences, which a cache has. */
  TokenBatch behind(int[] tokensBefore) {
    return new TokenBatch(ids, starts, tokensBefore);
  }

  /**
   * Returns the place of a token in its sequence, from 0 on. In an edit of a run with a cache the
   * tokens of the cache are counted.
   */
  public int position(int token) {
    int found = Arrays.binarySearch(starts, token);
    int sequence = found >= 0 ? found : -found - 2;
    return before[sequence] + token - starts[sequence];
  }

  /** Returns the place of each token in its sequence of the batch, from 0 on, in a new array. */
  public int[] positions() {
    int[] positions = new int[ids.length];
    for (int s = 0; s < sequences(); s++) {
      for (int t = start(s); t < end(s); t++) {
        positions[t] = t - start(s);
      }
    }
    return positions;
  }

  /** Returns for each token the id of the next one of its sequence; -1 where there is none. */
  public int[] nextIds() {
    int[] next = new int[tokens()];
    for (int s = 0; s < sequences(); s++) {
      int last = end(s) - 1;
      System.arraycopy(ids, start(s) + 1, next, start(s), last - start(s));
      next[last] = -1;
    }
    return next;
  }
}
