package mechinterp.analysis.rule;

import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;

/** The patterns that end at rows of a store; a pattern does not go beyond a document or a gap. */
final class TokenWalk {
  private static final int BLOCK = 1 << 12;

  private final ActivationStore store;

  TokenWalk(ActivationStore store) {
    this.store = store;
  }

  /** Sees a token of the store. */
  @FunctionalInterface
  interface Visitor {
    void visit(int document, long[] patterns);
  }

  /** Shows all tokens in their order. */
  void forEach(Visitor visitor) {
    int overlap = PatternKey.LONGEST - 1;
    for (int first = 0; first < store.tokens(); first += BLOCK) {
      int from = Math.max(0, first - overlap);
      int end = Math.min(store.tokens(), first + BLOCK);
      TokenOrigins origins = store.origins(from, end - from);
      for (int row = first; row < end; row++) {
        visitor.visit(origins.document(row - from), patterns(origins, row - from));
      }
    }
  }

  /** Returns the patterns that end at a row, by length. */
  long[] patterns(int row) {
    int from = Math.max(0, row - PatternKey.LONGEST + 1);
    return patterns(store.origins(from, row + 1 - from), row - from);
  }

  private static long[] patterns(TokenOrigins origins, int at) {
    int first = at;
    while (first > 0 && at - first + 1 < PatternKey.LONGEST && follows(origins, first)) {
      first--;
    }
    int[] ids = new int[at + 1 - first];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = requireId(origins.tokenId(first + i));
    }
    return PatternKey.endingAt(ids, ids.length);
  }

  private static int requireId(int id) {
    if (id < 0 || id >= PatternKey.VOCABULARY) {
      throw new IllegalArgumentException(
          "rules: token id is %d; it must lie within 0 to %d"
              .formatted(id, PatternKey.VOCABULARY - 1));
    }
    return id;
  }

  private static boolean follows(TokenOrigins origins, int i) {
    return origins.document(i) == origins.document(i - 1)
        && origins.position(i) == origins.position(i - 1) + 1;
  }
}
