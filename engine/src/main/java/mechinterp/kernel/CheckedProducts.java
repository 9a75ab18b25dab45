package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.requireDepth;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;

/** {@link ProductKernels} that check their arguments before they hand them on. */
final class CheckedProducts implements ProductKernels {
  private final ProductKernels kernels;

  CheckedProducts(ProductKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void addProduct(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    requireDepth("addProduct", a, b);
    requireShape("addProduct", "out", out, a.rows(), b.cols());
    kernels.addProduct(out, a, b);
  }

  @Override
  public void gatedProduct(
      FloatMatrix out, FloatMatrix gate, FloatMatrix a, PackedMatrix b, ActivationFunction f) {
    requireDepth("gatedProduct", a, b);
    requireShape("gatedProduct", "out", out, a.rows(), b.cols());
    requireShape("gatedProduct", "gate", gate, a.rows(), b.cols());
    kernels.gatedProduct(out, gate, a, b, f);
  }
}
