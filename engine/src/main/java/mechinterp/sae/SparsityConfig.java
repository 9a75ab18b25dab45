package mechinterp.sae;

import java.util.Optional;

/**
 * How strongly codes are kept sparse, for kinds whose number of active latents follows from a
 * penalty: the weight lambda of the sparsity loss against the squared error.
 *
 * @param coefficient lambda; where there is a target, its value to begin with
 * @param targetL0 mean number of active latents of a token that lambda is moved to reach; empty for
 *     a lambda that stays
 * @param warmUpFraction share of the steps in which lambda rises from 0 in a straight line; where
 *     there is a target, in which L0 falls to it from where it begins, by equal factors
 * @param initialL0 number of active latents of a token before the first step: b_enc is set so that
 *     each latent is active on the same share of the first batch. Empty for a b_enc of 0, with
 *     which each is active on about every other token
 */
public record SparsityConfig(
    double coefficient,
    Optional<Double> targetL0,
    double warmUpFraction,
    Optional<Double> initialL0) {
  private static final double WARM_UP = 0.3;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SparsityConfig {
    Sizes.requirePositive("coefficient", coefficient);
    targetL0.ifPresent(target -> Sizes.requirePositive("target_l0", target));
    Sizes.requireFraction("warm_up_fraction", warmUpFraction);
    initialL0.ifPresent(active -> Sizes.requirePositive("initial_l0", active));
  }

  /** One that begins with a b_enc of 0. */
  public SparsityConfig(double coefficient, Optional<Double> targetL0, double warmUpFraction) {
    this(coefficient, targetL0, warmUpFraction, Optional.empty());
  }

  /** Returns what a kind is trained with. */
  public static <T> T require(String architecture, Optional<T> training) {
    return training.orElseThrow(() ->
        new IllegalArgumentException(
            "architecture: is %s without settings of training, as one is loaded; it cannot be trained"
                .formatted(architecture)));
  }

  /**
   * Returns a lambda that is moved to reach {@code k} active latents of a token in the mean, and as
   * many to begin with.
   */
  static SparsityConfig reaching(int k, double coefficient) {
    return reaching(k, coefficient, k);
  }

  /** Returns the same with another number of active latents to begin with. */
  static SparsityConfig reaching(int k, double coefficient, int initialL0) {
    return new SparsityConfig(
        coefficient, Optional.of((double) k), WARM_UP, Optional.of((double) initialL0));
  }
}
