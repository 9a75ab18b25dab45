package mechinterp.kernel;

/**
 * The numbers of one Adam step (Kingma and Ba 2015, algorithm 1).
 *
 * @param learningRate step size of this step
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root of the corrected second moment, positive
 * @param step number of this step, from 1: it rules the bias corrections
 * @param gradientScale what the gradient is multiplied with first, positive: 1, or less where it is
 *     clipped
 */
public record AdamStep(
    float learningRate, float beta1, float beta2, float epsilon, int step, float gradientScale) {
  /** Checks the ranges. */
  public AdamStep {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0 && step >= 1)) {
      throw new IllegalArgumentException(
          "adam: beta1 %s, beta2 %s, epsilon %s, step %d; betas must lie in [0, 1), epsilon be positive and steps count from 1"
              .formatted(beta1, beta2, epsilon, step));
    }
    if (!(gradientScale > 0 && gradientScale < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "adam: gradient scale is %s; it must be positive and finite".formatted(gradientScale));
    }
  }

  /** A step along the gradient as it is. */
  public AdamStep(float learningRate, float beta1, float beta2, float epsilon, int step) {
    this(learningRate, beta1, beta2, epsilon, step, 1);
  }

  /** Returns the same step along the gradient times {@code scale}. */
  public AdamStep withGradientScale(float scale) {
    return new AdamStep(learningRate, beta1, beta2, epsilon, step, scale);
  }

  /**
   * Returns {@code learningRate / (1 - beta1^step)}: the factor of the uncorrected first moment.
   */
  public float correctedLearningRate() {
    return (float) (learningRate / (1 - Math.pow(beta1, step)));
  }

  /**
   * Returns {@code 1 / sqrt(1 - beta2^step)}: the factor of the root of the uncorrected second
   * moment.
   */
  public float secondMomentCorrection() {
    return (float) (1 / Math.sqrt(1 - Math.pow(beta2, step)));
  }
}
