package mechinterp.training;

import java.util.Arrays;
import java.util.List;
import mechinterp.io.Sha256;
import mechinterp.random.RandomStream;

/**
 * Documents as one sequence of tokens, cut into windows of one length: the text that a language
 * model is trained or measured on. Before the first document, between documents and behind the last
 * there is an end-of-text token. Window w holds the tokens {@code w * context} to {@code (w + 1) *
 * context - 1}; the target of each is the token behind it. The last window may be shorter.
 * Immutable.
 */
public final class TokenStream {
  private final int[] ids;
  private final int context;

  private TokenStream(int[] ids, int context) {
    this.ids = ids;
    this.context = context;
  }

  /**
   * Joins documents.
   *
   * @param documents the tokens of each, without special tokens
   * @param endOfText the token that divides them
   * @param context tokens of a window, at least 1
   * @throws IllegalArgumentException when there is not enough text for one window
   */
  public static TokenStream of(List<int[]> documents, int endOfText, int context) {
    long tokens = 1 + documents.stream().mapToLong(document -> document.length + 1L).sum();
    if (context < 1 || tokens <= context || tokens > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "token stream: %d documents have %d tokens, context is %d; there must be more tokens than the context, and fewer than 2^31"
              .formatted(documents.size(), tokens, context));
    }
    int[] ids = new int[(int) tokens];
    int at = 0;
    ids[at++] = endOfText;
    for (int[] document : documents) {
      System.arraycopy(document, 0, ids, at, document.length);
      at += document.length;
      ids[at++] = endOfText;
    }
    return new TokenStream(ids, context);
  }

  /** Returns the number of tokens of a window. */
  public int context() {
    return context;
  }

  /** Returns the number of tokens of all windows, which is that of the targets. */
  public int tokens() {
    return ids.length - 1;
  }

  /** Returns a token, from the end-of-text at index 0 to that at index {@link #tokens}. */
  public int token(int index) {
    return ids[index];
  }

  /** Returns the number of windows, the last one included if it is shorter. */
  public int windows() {
    return Math.ceilDiv(tokens(), context);
  }

  /** Returns the number of windows of full length. */
  public int fullWindows() {
    return tokens() / context;
  }

  /** Returns the tokens of a window. */
  public int[] inputs(int window) {
    return part(window, 0);
  }

  /** Returns the tokens that follow those of a window. */
  public int[] targets(int window) {
    return part(window, 1);
  }

  private int[] part(int window, int shift) {
    int from = window * context;
    int to = Math.min(from + context, tokens());
    return Arrays.copyOfRange(ids, from + shift, to + shift);
  }

  /**
   * Returns the windows number {@code position} to {@code position + count - 1} of an endless
   * sequence: each round has all full windows once, in the order that the random stream {@code
   * windows/ROUND} of the seed gives; so any position can be reached without those before it.
   */
  public int[] shuffled(long seed, long position, int count) {
    int[] windows = new int[count];
    int[] order = {};
    long ordered = -1;
    for (int i = 0; i < count; i++) {
      long round = (position + i) / fullWindows();
      if (round != ordered) {
        order = RandomStream.of(seed, "windows/" + round).permutation(fullWindows());
        ordered = round;
      }
      windows[i] = order[(int) ((position + i) % fullWindows())];
    }
    return windows;
  }

  /** Returns the context and the SHA-256 of all tokens: equal for equal streams. */
  public String identity() {
    Sha256 hash = new Sha256();
    for (int id : ids) {
      hash.add(id);
    }
    return "context %d %s".formatted(context, hash.end());
  }
}
