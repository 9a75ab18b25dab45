package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.requireShape;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** {@link OptimizerKernels} that check their arguments before they hand them on. */
final class CheckedOptimizer implements OptimizerKernels {
  private final OptimizerKernels kernels;

  CheckedOptimizer(OptimizerKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    requireShape("gradientSquares", "out", out, p.rows(), 1);
    for (SparseOuterProduct term : terms) {
      requireShape("gradientSquares", "p", p, term.order().latents(), term.rows().cols());
    }
    kernels.gradientSquares(out, p, terms, constraint);
  }
}
