package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/** The reference of {@link ProductKernels}, row by row. */
final class ScalarProducts implements ProductKernels {
  private final ScalarKernels kernels;

  ScalarProducts(ScalarKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void addProduct(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    FloatMatrix product = HostMemory.newRow(b.cols());
    for (int i = 0; i < a.rows(); i++) {
      kernels.matmulPacked(product, a.row(i), b);
      kernels.add(out.row(i), out.row(i), product);
    }
  }

  @Override
  public void gatedProduct(
      FloatMatrix out, FloatMatrix gate, FloatMatrix a, PackedMatrix b, ActivationFunction f) {
    FloatMatrix product = HostMemory.newRow(b.cols());
    for (int i = 0; i < a.rows(); i++) {
      kernels.matmulPacked(product, a.row(i), b);
      kernels.gatedActivate(out.row(i), gate.row(i), product, f);
    }
  }
}
