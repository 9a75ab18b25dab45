package mechinterp.sae;

import java.util.Locale;

/**
 * How a JumpReLU autoencoder is trained.
 *
 * @param sparsity weight of the sparsity loss; with {@link JumpReluPenalty#TARGET_L0} its target is
 *     part of the loss, and the weight stays
 * @param penalty what the sparsity loss counts
 * @param tanhScale scale of {@link JumpReluPenalty#TANH}; 4 with the others, which have none
 * @param bandwidth width of the rectangle around a threshold in which pre-activations have a say in
 *     its gradient, in units of the pre-activations
 * @param initialThreshold of all latents
 * @param straightThrough who has this gradient
 */
public record JumpReluTraining(
    SparsityConfig sparsity,
    JumpReluPenalty penalty,
    double tanhScale,
    double bandwidth,
    double initialThreshold,
    StraightThrough straightThrough) {
  private static final double FIRST_COEFFICIENT = 0.1;
  private static final double TANH_SCALE = 4;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JumpReluTraining {
    Sizes.requirePositive("tanh_scale", tanhScale);
    Sizes.requirePositive("bandwidth", bandwidth);
    if (!(initialThreshold >= 0 && initialThreshold < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "initial_threshold: is %s; it must be at least 0".formatted(initialThreshold));
    }
    if (penalty != JumpReluPenalty.TANH && tanhScale != TANH_SCALE) {
      throw new IllegalArgumentException(
          "tanh_scale: is %s, penalty is %s; it has an effect on tanh alone, leave it at %s"
              .formatted(tanhScale, penalty.name().toLowerCase(Locale.ROOT), TANH_SCALE));
    }
    if (penalty == JumpReluPenalty.TARGET_L0 && sparsity.targetL0().isEmpty()) {
      throw new IllegalArgumentException("target_l0: is missing; penalty target_l0 needs it");
    }
  }

  /**
   * Returns the step penalty, whose weight is moved so that {@code k} latents are active on a token
   * in the mean; thresholds of .1 to begin with and gradients of the encoder too (Anthropic,
   * January 2025), and a bandwidth of .5, which reached a lower FVU at the same L0 in short runs
   * than .2 or 2.
   */
  public static JumpReluTraining reaching(int k) {
    return new JumpReluTraining(
        SparsityConfig.reaching(k, FIRST_COEFFICIENT),
        JumpReluPenalty.STEP,
        TANH_SCALE,
        0.5,
        0.1,
        StraightThrough.THRESHOLD_AND_INPUT);
  }
}
