package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** What optimizers do besides Adam's steps. */
public interface OptimizerKernels {
  /**
   * out[f] = |g[f]|^2, where g[f] is the gradient of row f that {@link Kernels#sparseAdam} takes
   * its step along: the sum of the terms, and with {@link RowConstraint#UNIT_NORM} without its part
   * along the row. No gradient matrix is written out.
   *
   * @param out [F, 1]
   * @param p the parameter [F, d]
   */
  void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint);
}
