package mechinterp.circuits;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How well scores agree with a truth.
 *
 * @param pearson correlation of the values
 * @param spearman correlation of their ranks, equal values sharing the mean rank
 * @param topShare of the {@code top} items largest in size by the truth, the share that the scores
 *     have among theirs
 * @param top how many
 */
public record RankAgreement(double pearson, double spearman, double topShare, int top) {
  /**
   * Compares scores with a truth of the same items.
   *
   * @throws IllegalArgumentException when there are not as many, fewer than two, or fewer than
   *     {@code top}
   */
  public static RankAgreement of(double[] scores, double[] truth, int top) {
    if (scores.length != truth.length || scores.length < 2 || top < 1 || top > scores.length) {
      throw new IllegalArgumentException(
          "rank agreement: %d scores, %d true values, top %d; there must be as many of each, at least two, and top within them"
              .formatted(scores.length, truth.length, top));
    }
    return new RankAgreement(
        pearson(scores, truth),
        pearson(ranks(scores), ranks(truth)),
        share(scores, truth, top),
        top);
  }

  /**
   * Returns the probability that a true item has a larger score than another one (the area under
   * the receiver operating characteristic), equal scores counting half.
   *
   * @throws IllegalArgumentException when all or none are true
   */
  public static double auroc(double[] scores, boolean[] truth) {
    double[] ranks = ranks(scores);
    double sum = 0;
    long positives = 0;
    for (int i = 0; i < ranks.length; i++) {
      sum += truth[i] ? ranks[i] : 0;
      positives += truth[i] ? 1 : 0;
    }
    long negatives = ranks.length - positives;
    if (positives == 0 || negatives == 0) {
      throw new IllegalArgumentException(
          "auroc: %d items are in the truth, %d are not; there must be some of each"
              .formatted(positives, negatives));
    }
    return (sum - positives * (positives + 1) / 2.0) / ((double) positives * negatives);
  }

  private static double share(double[] scores, double[] truth, int top) {
    boolean[] wanted = new boolean[truth.length];
    Arrays.stream(bySize(truth)).limit(top).forEach(i -> wanted[i] = true);
    long found = Arrays.stream(bySize(scores)).limit(top).filter(i -> wanted[i]).count();
    return (double) found / top;
  }

  private static int[] bySize(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(values[i])))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double[] ranks(double[] values) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> values[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[values.length];
    for (int from = 0; from < order.length; ) {
      int to = from;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + 1 + to) / 2.0;
      }
      from = to;
    }
    return ranks;
  }

  private static double pearson(double[] a, double[] b) {
    double meanA = Arrays.stream(a).average().orElseThrow();
    double meanB = Arrays.stream(b).average().orElseThrow();
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return ab / Math.sqrt(aa * bb);
  }
}
