package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.requireSame;
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
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    requireSame("adam", p, m);
    requireSame("adam", p, v);
    requireSame("adam", p, gradient);
    kernels.adam(p, m, v, gradient, step);
  }

  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    requireSame("sparseAdam", p, m);
    requireSame("sparseAdam", p, v);
    requireTerms("sparseAdam", p, terms);
    kernels.sparseAdam(p, m, v, terms, step, constraint);
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    requireShape("gradientSquares", "out", out, p.rows(), 1);
    requireTerms("gradientSquares", p, terms);
    kernels.gradientSquares(out, p, terms, constraint);
  }

  private static void requireTerms(String kernel, FloatMatrix p, List<SparseOuterProduct> terms) {
    for (SparseOuterProduct term : terms) {
      requireShape(kernel, "p", p, term.order().latents(), term.rows().cols());
    }
  }
}
