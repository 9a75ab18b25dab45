package mechinterp.sae;

import java.util.Optional;

/**
 * Matching pursuit over a dictionary (MP-SAE, Costa et al. 2025, arXiv 2506.03093), as SAELens'
 * {@code matching_pursuit} defines it; {@link MatchingPursuitSae} says how it encodes.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param residualThreshold a token is done when the norm of what is left of it is below this; 0
 *     switches it off
 * @param maxIterations most latents that are picked for a token; empty for d_in
 * @param stopOnDuplicateSupport whether a token is done when a latent is picked that is active
 *     already
 */
public record MatchingPursuitConfig(
    int dIn,
    int dSae,
    double residualThreshold,
    Optional<Integer> maxIterations,
    boolean stopOnDuplicateSupport)
    implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "matching_pursuit";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public MatchingPursuitConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    if (!(residualThreshold >= 0 && residualThreshold < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "residual_threshold: is %s; it must be at least 0 and finite"
              .formatted(residualThreshold));
    }
    maxIterations.ifPresent(value -> Sizes.requirePositive("max_iterations", value));
  }

  /** Returns one that picks k times, whatever it picks: at most k latents are active. */
  public static MatchingPursuitConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    return new MatchingPursuitConfig(dIn, dSae, 0, Optional.of(k), false);
  }

  /** Returns these settings with another threshold. */
  MatchingPursuitConfig withResidualThreshold(double value) {
    return new MatchingPursuitConfig(dIn, dSae, value, maxIterations, stopOnDuplicateSupport);
  }

  /** Returns the most picks of a token. */
  public int iterations() {
    return maxIterations.orElse(dIn);
  }

  /** Returns how many latents can be active on a token. */
  int mostActive() {
    return Math.min(iterations(), dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
