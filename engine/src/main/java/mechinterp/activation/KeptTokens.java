package mechinterp.activation;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** Which tokens of a store are trained on: all, or those whose activation is not too long. */
public final class KeptTokens {
  private final int all;
  private final Optional<OutlierLimit> limit;
  private final int[] kept;

  private KeptTokens(int all, Optional<OutlierLimit> limit, int[] kept) {
    this.all = all;
    this.limit = limit;
    this.kept = kept;
  }

  static KeptTokens all(int tokens) {
    return new KeptTokens(tokens, Optional.empty(), new int[0]);
  }

  static KeptTokens withinNorm(ActivationStore store, double multiple) {
    double[] norms = new double[store.tokens()];
    int width = store.sites().getFirst().width();
    store.forEachRow((token, rows, from) -> norms[token] = MeanNorm.norm(rows, from, width));
    OutlierLimit limit = OutlierLimit.of(multiple, norms.clone());
    int[] kept =
        IntStream.range(0, norms.length)
            .filter(token -> norms[token] <= limit.largestNorm())
            .toArray();
    return new KeptTokens(store.tokens(), Optional.of(limit), kept);
  }

  /** Returns how many tokens are trained on. */
  public int count() {
    return limit.isPresent() ? kept.length : all;
  }

  /** Returns how many are left out. */
  public int dropped() {
    return all - count();
  }

  /** Returns the limit above which activations are left out, if there is one. */
  public Optional<OutlierLimit> limit() {
    return limit;
  }

  /** Returns whether a token of the store is among them. */
  boolean contains(int token) {
    return limit.isEmpty() || Arrays.binarySearch(kept, token) >= 0;
  }

  /** Returns the number in the store of the token number {@code index} of those kept. */
  int token(int index) {
    return limit.isPresent() ? kept[index] : index;
  }
}
