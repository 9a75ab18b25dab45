package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** The reference of {@link OptimizerKernels}. */
final class ScalarOptimizer implements OptimizerKernels {
  private final ScalarKernels kernels;

  ScalarOptimizer(ScalarKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    FloatMatrix gradient = HostMemory.newRow(p.cols());
    Elements g = new Elements(gradient);
    for (int f = 0; f < p.rows(); f++) {
      ScalarSparse.writeGradient(gradient, terms, f);
      if (constraint == RowConstraint.UNIT_NORM) {
        kernels.addScaled(gradient, p.row(f), -(float) new Elements(p).dot(f, g, 0));
      }
      new Elements(out).set(f, 0, (float) g.dot(0, g, 0));
    }
  }
}
