package mechinterp.analysis;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;

/**
 * The rows around a peak that belong to its document and follow each other in it.
 *
 * @param first the first row
 * @param peak the peak's place among them
 * @param tokenIds the rows' tokens
 */
record Window(int first, int peak, List<Integer> tokenIds) {
  Window {
    tokenIds = List.copyOf(tokenIds);
  }

  static Window around(ActivationStore store, Peak peak, FeatureAnalysisConfig config) {
    int from = Math.max(0, peak.row() - config.tokensBefore());
    int to = (int) Math.min(store.tokens(), peak.row() + 1L + config.tokensAfter());
    TokenOrigins origins = store.origins(from, to - from);
    int at = peak.row() - from;
    int first = at;
    while (first > 0 && follows(origins, first)) {
      first--;
    }
    int end = at + 1;
    while (end < origins.size() && follows(origins, end)) {
      end++;
    }
    List<Integer> tokenIds = IntStream.range(first, end).mapToObj(origins::tokenId).toList();
    return new Window(from + first, at - first, tokenIds);
  }

  /** Whether row i stands right behind row i - 1 in one document. */
  static boolean follows(TokenOrigins origins, int i) {
    return origins.document(i) == origins.document(i - 1)
        && origins.position(i) == origins.position(i - 1) + 1;
  }

  int size() {
    return tokenIds.size();
  }
}
