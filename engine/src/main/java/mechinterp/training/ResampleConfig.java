package mechinterp.training;

import java.util.List;

/**
 * When and from what dead latents are made anew (Bricken et al. 2023, "Towards Monosemanticity",
 * neuron resampling).
 *
 * @param atFractions shares of the steps after which it is done, each more than 0 and less than 1
 * @param sampleTokens activations of which some become latents
 * @param encoderNorm norm of a new encoder row, as a share of the mean norm of the live latents'
 */
public record ResampleConfig(List<Double> atFractions, int sampleTokens, double encoderNorm) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public ResampleConfig {
    atFractions = List.copyOf(atFractions);
    if (atFractions.isEmpty()) {
      throw new IllegalArgumentException(
          "at_fractions: is empty; it must have a share of the steps");
    }
    for (double fraction : atFractions) {
      if (!(fraction > 0 && fraction < 1)) {
        throw new IllegalArgumentException(
            "at_fractions: has %s; all must be more than 0 and less than 1".formatted(fraction));
      }
    }
    if (sampleTokens < 1) {
      throw new IllegalArgumentException(
          "sample_tokens: is %d; it must be at least 1".formatted(sampleTokens));
    }
    if (!(encoderNorm > 0 && encoderNorm < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "encoder_norm: is %s; it must be positive and finite".formatted(encoderNorm));
    }
  }

  /**
   * Returns an eighth, two, three and four eighths of the steps, as the 25,000th to the 100,000th
   * of Bricken et al.'s 200,000, and 65,536 activations, where theirs were 819,200; encoder rows of
   * the live latents' norm. Theirs had a fifth of it, which suits ReLU with a penalty; among the k
   * largest such a latent would never be.
   */
  public static ResampleConfig defaults() {
    return new ResampleConfig(List.of(0.125, 0.25, 0.375, 0.5), 1 << 16, 1);
  }

  /** Returns whether it is done after a step of a run of {@code steps}. */
  boolean isDue(int step, int steps) {
    return atFractions.stream()
        .anyMatch(fraction -> step == Math.max(1, Math.round(fraction * steps)));
  }
}
