package mechinterp.optim;

import mechinterp.kernel.AdamStep;

/**
 * The settings of Adam that stay the same over a run (Kingma and Ba 2015).
 *
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root of the corrected second moment, positive
 */
public record AdamConfig(double beta1, double beta2, double epsilon) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public AdamConfig {
    requireBeta("beta1", beta1);
    requireBeta("beta2", beta2);
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new IllegalArgumentException(
          "epsilon: is %s; it must be more than 0 and less than 1".formatted(epsilon));
    }
  }

  /**
   * Returns beta1 .9, beta2 .999, epsilon 6.25e-10: the small epsilon because the gradients of a
   * latent that fires rarely are tiny (openai/sparse_autoencoder, train.py).
   */
  public static AdamConfig defaults() {
    return new AdamConfig(0.9, 0.999, 6.25e-10);
  }

  /** Returns step number {@code step}, from 1, with the given learning rate. */
  public AdamStep at(int step, double learningRate) {
    return new AdamStep((float) learningRate, (float) beta1, (float) beta2, (float) epsilon, step);
  }

  private static void requireBeta(String field, double beta) {
    if (!(beta >= 0 && beta < 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be at least 0 and less than 1".formatted(field, beta));
    }
  }
}
