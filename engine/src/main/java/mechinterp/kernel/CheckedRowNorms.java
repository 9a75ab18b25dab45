package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.requireSame;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;

/** {@link RowNormKernels} that check their arguments before they hand them on. */
final class CheckedRowNorms implements RowNormKernels {
  private final RowNormKernels kernels;

  CheckedRowNorms(RowNormKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void normalize(FloatMatrix out, FloatMatrix moments, FloatMatrix x, RowNorm norm) {
    requireSame("normalize", out, x);
    requireShape("normalize", "moments", moments, x.rows(), MOMENTS);
    kernels.normalize(out, moments, x, norm);
  }

  @Override
  public void restore(FloatMatrix x, FloatMatrix moments) {
    requireShape("restore", "moments", moments, x.rows(), MOMENTS);
    kernels.restore(x, moments);
  }
}
