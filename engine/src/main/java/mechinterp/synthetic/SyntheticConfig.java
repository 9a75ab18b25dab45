package mechinterp.synthetic;

import java.util.Optional;

/**
 * Which synthetic activations to make: each is a sparse sum of true features,
 *
 * <pre>  x = sum over the firing features i of a_i v_i + bias</pre>
 *
 * with unit directions v_i. Source: SynthSAEBench, arXiv 2602.14687, and sae_lens.synthetic 6.54,
 * whose {@code SyntheticModelConfig} has the same fields.
 *
 * @param numFeatures number of true features
 * @param dIn width of an activation
 * @param firing how often features fire
 * @param hierarchy which features fire only with another; empty for none
 * @param correlation which features fire together; empty for none
 * @param meanMagnitude mean of a_i before what is negative is cut off to 0
 * @param stdMagnitude standard deviation of the same
 * @param biasNorm norm of the bias, whose direction is random
 * @param orthogonalization how the directions are pushed apart; empty to leave them random
 * @param seed of all that is random
 */
public record SyntheticConfig(
    int numFeatures,
    int dIn,
    Zipf firing,
    Optional<Hierarchy> hierarchy,
    Optional<Correlation> correlation,
    double meanMagnitude,
    double stdMagnitude,
    double biasNorm,
    Optional<Orthogonalization> orthogonalization,
    long seed) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SyntheticConfig {
    requireAtLeast("num_features", numFeatures, 1);
    requireAtLeast("d_in", dIn, 1);
    requireRange("mean_magnitude", meanMagnitude, 0, Double.MAX_VALUE);
    requireRange("std_magnitude", stdMagnitude, 0, Double.MAX_VALUE);
    requireRange("bias_norm", biasNorm, 0, Double.MAX_VALUE);
  }

  /**
   * Firing probabilities that fall with the rank r = 1, 2, ... of the feature as r^-exponent,
   * stretched to go from {@code maxProbability} to {@code minProbability}.
   *
   * @param exponent of the power law, positive
   * @param maxProbability of the first feature
   * @param minProbability of the last feature
   */
  public record Zipf(double exponent, double maxProbability, double minProbability) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Zipf {
      requirePositive("exponent", exponent, Double.MAX_VALUE);
      requirePositive("max_probability", maxProbability, 1);
      requirePositive("min_probability", minProbability, maxProbability);
    }
  }

  /**
   * A forest over the first features, breadth first: a child fires only where its parent fires.
   *
   * @param roots number of trees
   * @param branching children of each node that has some
   * @param maxDepth depth of the leaves, the roots having depth 0
   * @param exclusiveShare which share of the parents has children of which at most one fires
   * @param compensateProbabilities whether features are drawn more often to make up for what the
   *     hierarchy takes away
   * @param scaleChildrenByParent whether a child's magnitude is multiplied with its parent's over
   *     the mean magnitude
   */
  public record Hierarchy(
      int roots,
      int branching,
      int maxDepth,
      double exclusiveShare,
      boolean compensateProbabilities,
      boolean scaleChildrenByParent) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Hierarchy {
      requireAtLeast("roots", roots, 1);
      requireAtLeast("branching", branching, 2);
      requireAtLeast("max_depth", maxDepth, 1);
      requireRange("exclusive_share", exclusiveShare, 0, 1);
    }
  }

  /**
   * Features fire where correlated normal variables pass their thresholds (a Gaussian copula). The
   * correlation matrix is F F^T off its diagonal, with F [num_features, rank] normal of deviation
   * {@code scale}.
   *
   * @param rank columns of F
   * @param scale deviation of its entries
   */
  public record Correlation(int rank, double scale) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Correlation {
      requireAtLeast("rank", rank, 1);
      requireRange("scale", scale, 0, Double.MAX_VALUE);
    }
  }

  /**
   * Steps of Adam on the directions' overlaps: the sum over i and j other than i of (v_i . v_j)^2,
   * plus num_features times the sum of (v_i . v_i - 1)^2.
   *
   * @param steps number of steps
   * @param learningRate of Adam
   */
  public record Orthogonalization(int steps, double learningRate) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Orthogonalization {
      requireAtLeast("steps", steps, 1);
      requirePositive("learning_rate", learningRate, 1);
    }
  }

  /**
   * Returns the setting that HybridSAE was first measured on: SynthSAEBench scaled down to 4,096
   * features in 256 dimensions, of which about 22 fire at once.
   */
  public static SyntheticConfig small(long seed) {
    return new SyntheticConfig(
        4096,
        256,
        new Zipf(0.5, 0.4, 5e-4),
        Optional.of(new Hierarchy(128, 4, 3, 1, true, true)),
        Optional.of(new Correlation(25, 0.1)),
        4,
        0.5,
        10,
        Optional.of(new Orthogonalization(100, 3e-4)),
        seed);
  }

  private static void requireAtLeast(String field, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least %d".formatted(field, value, least));
    }
  }

  private static void requireRange(String field, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within %s to %s".formatted(field, value, least, most));
    }
  }

  private static void requirePositive(String field, double value, double most) {
    if (!(value > 0 && value <= most)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be more than 0 and at most %s".formatted(field, value, most));
    }
  }
}
