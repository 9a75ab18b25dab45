package mechinterp.activation;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which tokens of a store are trained on: all, the first, or those whose activation is not too
 * long.
 */
public final class KeptTokens {
  private final int all;
  private final int count;
  private final Optional<OutlierLimit> limit;
  private final int[] kept;

  private KeptTokens(int all, int count, Optional<OutlierLimit> limit, int[] kept) {
    this.all = all;
    this.count = count;
    this.limit = limit;
    this.kept = kept;
  }

  static KeptTokens all(int tokens) {
    return first(tokens, tokens);
  }

  static KeptTokens first(int all, int count) {
    return new KeptTokens(all, count, Optional.empty(), new int[0]);
  }

  static KeptTokens withinNorm(ActivationStore store, double multiple) {
    double[] norms = norms(store);
    return withinNorm(norms, OutlierLimit.of(multiple, norms.clone()));
  }

  static KeptTokens withinNorm(ActivationStore store, OutlierLimit limit) {
    return withinNorm(norms(store), limit);
  }

  private static double[] norms(ActivationStore store) {
    double[] norms = new double[store.tokens()];
    int width = store.sites().getFirst().width();
    store.forEachRow((token, rows, from) -> norms[token] = MeanNorm.norm(rows, from, width));
    return norms;
  }

  private static KeptTokens withinNorm(double[] norms, OutlierLimit limit) {
    int[] kept =
        IntStream.range(0, norms.length)
            .filter(token -> norms[token] <= limit.largestNorm())
            .toArray();
    return new KeptTokens(norms.length, kept.length, Optional.of(limit), kept);
  }

  /** Returns how many tokens are trained on. */
  public int count() {
    return count;
  }

  /** Returns how many are left out. */
  public int dropped() {
    return all - count;
  }

  /** Returns the limit above which activations are left out, if there is one. */
  public Optional<OutlierLimit> limit() {
    return limit;
  }

  /** Returns what they are in an identity; nothing for all. */
  String named() {
    String first = dropped() == 0 ? "" : ", first " + count;
    return limit.map(found -> " within " + found).orElse(first);
  }

  /** Returns whether a token of the store is among them. */
  boolean contains(int token) {
    return limit.isPresent() ? Arrays.binarySearch(kept, token) >= 0 : token < count;
  }

  /** Returns the number in the store of the token number {@code index} of those kept. */
  int token(int index) {
    return limit.isPresent() ? kept[index] : index;
  }
}
