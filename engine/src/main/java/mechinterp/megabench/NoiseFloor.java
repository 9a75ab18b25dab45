package mechinterp.megabench;

import java.util.Arrays;
import java.util.List;
import org.hipparchus.distribution.continuous.FDistribution;
import org.hipparchus.distribution.continuous.NormalDistribution;
import org.hipparchus.distribution.continuous.TDistribution;

/**
 * How well a metric is known at a budget of seeds and documents, and whether it tells kinds apart.
 *
 * @param reseeding deviation between seeds of one kind, pooled over the kinds
 * @param documents deviation of a kind's value when documents are drawn again, mean of squares over
 *     the kinds
 * @param smallestDifference of two kinds that a two-sided t test of 5 % finds in 80 % of cases,
 *     (t(.975) + z(.8)) reseeding sqrt(2 / seeds); what documents add is common to both kinds and
 *     left out
 * @param discriminability variance between the kinds' means over that which reseeding alone gives
 *     them (the F of an analysis of variance)
 * @param tellsKindsApart whether that is above the 95 % quantile of F
 */
public record NoiseFloor(
    double reseeding,
    double documents,
    double smallestDifference,
    double discriminability,
    boolean tellsKindsApart) {
  private static final double LEVEL = 0.975;
  private static final double POWER = 0.8;
  private static final double F_LEVEL = 0.95;

  /**
   * Measures the noise.
   *
   * @param kinds one metric of different kinds, with the same number of seeds each
   * @param draws of documents
   * @throws IllegalArgumentException when there are fewer than 2 kinds or 2 seeds, or their numbers
   *     differ
   */
  public static NoiseFloor of(List<Measurement> kinds, int draws, long seed) {
    int seeds = kinds.isEmpty() ? 0 : kinds.getFirst().seeds().size();
    if (kinds.size() < 2
        || seeds < 2
        || kinds.stream().anyMatch(kind -> kind.seeds().size() != seeds)) {
      throw new IllegalArgumentException(
          "noise floor: of %d kinds with %s seeds; at least 2 kinds with the same number of seeds, at least 2, are needed"
              .formatted(kinds.size(), kinds.stream().map(kind -> kind.seeds().size()).toList()));
    }
    int freedom = kinds.size() * (seeds - 1);
    double within =
        kinds.stream().mapToDouble(kind -> variance(kind.bySeed())).average().orElseThrow();
    double between = variance(kinds.stream().mapToDouble(Measurement::value).toArray());
    double ofDocuments =
        kinds.stream()
            .mapToDouble(kind -> variance(kind.documentDraws(draws, seed)))
            .average()
            .orElseThrow();
    double quantiles =
        new TDistribution(freedom).inverseCumulativeProbability(LEVEL)
            + new NormalDistribution().inverseCumulativeProbability(POWER);
    double ratio = between == 0 ? 0 : seeds * between / within;
    double border =
        new FDistribution(kinds.size() - 1, freedom).inverseCumulativeProbability(F_LEVEL);
    return new NoiseFloor(
        Math.sqrt(within),
        Math.sqrt(ofDocuments),
        quantiles * Math.sqrt(2 * within / seeds),
        ratio,
        ratio > border);
  }

  private static double variance(double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
    return squares / (values.length - 1);
  }
}
