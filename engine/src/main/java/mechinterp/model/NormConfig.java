package mechinterp.model;

import mechinterp.kernel.Norm;

/**
 * The norms of a transformer. Layer norms have a gain and a bias, RMS norms a gain only.
 *
 * @param kind which
 * @param epsilon what is added to the variance or to the mean square
 */
public record NormConfig(Norm kind, float epsilon) {
  /**
   * Checks the epsilon.
   *
   * @throws IllegalArgumentException when it is negative or not a number
   */
  public NormConfig {
    Sizes.requireAtLeastZero("norm epsilon", epsilon);
  }

  /** Returns whether each norm has a bias. */
  public boolean hasBias() {
    return kind == Norm.LAYER;
  }
}
