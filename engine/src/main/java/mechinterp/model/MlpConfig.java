package mechinterp.model;

import mechinterp.kernel.ActivationFunction;

/**
 * The feed-forward layer:
 *
 * <pre>
 *   plain:  f(x W_in + b_in) W_out + b_out
 *   gated:  (f(x W_gate) * (x W_in + b_in)) W_out + b_out       (Shazeer 2020)
 * </pre>
 *
 * @param dMlp columns of its inside
 * @param activation f
 * @param gated which
 * @param bias whether there are b_in and b_out
 */
public record MlpConfig(int dMlp, ActivationFunction activation, boolean gated, boolean bias) {
  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public MlpConfig {
    Sizes.requirePositive("d_mlp", dMlp);
  }
}
