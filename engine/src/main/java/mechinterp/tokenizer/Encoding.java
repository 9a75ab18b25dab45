package mechinterp.tokenizer;

import java.util.Arrays;

/**
 * The tokens of a text and where each one stands in it. Places are indices of {@code char}s, as
 * {@link String#substring(int, int)} takes them; special tokens that are not in the text have the
 * empty range at 0.
 */
public final class Encoding {
  private final int[] ids;
  private final int[] starts;
  private final int[] ends;

  /**
   * Makes an encoding.
   *
   * @param ids token ids
   * @param starts index of the first char of each token
   * @param ends index behind the last char of each token
   * @throws IllegalArgumentException when the arrays differ in length
   */
  public Encoding(int[] ids, int[] starts, int[] ends) {
    if (starts.length != ids.length || ends.length != ids.length) {
      throw new IllegalArgumentException(
          "encoding: %d ids, %d starts, %d ends; there must be as many of each"
              .formatted(ids.length, starts.length, ends.length));
    }
    this.ids = ids.clone();
    this.starts = starts.clone();
    this.ends = ends.clone();
  }

  /** Returns the number of tokens. */
  public int size() {
    return ids.length;
  }

  /** Returns the id of a token. */
  public int id(int token) {
    return ids[token];
  }

  /** Returns the ids of all tokens in a new array. */
  public int[] ids() {
    return ids.clone();
  }

  /** Returns the index in the text of a token's first char. */
  public int start(int token) {
    return starts[token];
  }

  /** Returns the index in the text behind a token's last char. */
  public int end(int token) {
    return ends[token];
  }

  @Override
  public String toString() {
    return "Encoding" + Arrays.toString(ids);
  }
}
