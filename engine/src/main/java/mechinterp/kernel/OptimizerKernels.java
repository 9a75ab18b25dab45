package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** The steps of optimizers. */
public interface OptimizerKernels {
  /**
   * One Adam step with gradient g, which is the one given times the step's gradientScale:
   *
   * <pre>
   *   m = beta1 m + (1 - beta1) g
   *   v = beta2 v + (1 - beta2) g^2
   *   p = p - learningRate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon)
   * </pre>
   */
  void adam(FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step);

  /**
   * {@link Kernels#sparseGradient}, the projection of the constraint, {@link #adam} and the
   * constraint's renormalisation in one pass over the rows, without a gradient matrix. Rows without
   * entries take their step too (exact Adam).
   */
  void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint);

  /**
   * out[f] = |g[f]|^2, where g[f] is the gradient of row f that {@link #sparseAdam} takes its step
   * along: the sum of the terms, and with {@link RowConstraint#UNIT_NORM} without its part along
   * the row. No gradient matrix is written out.
   *
   * @param out [F, 1]
   * @param p the parameter [F, d]
   */
  void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint);
}
