package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.MatrixLayout;

/** {@link ProductKernels} that take each tile while it is in the first-level cache. */
final class VectorProducts implements ProductKernels {
  private final VectorGemm gemm;
  private final ThreadLocal<float[]> factors =
      ThreadLocal.withInitial(() -> new float[VectorGemm.tileSize()]);

  VectorProducts(VectorGemm gemm) {
    this.gemm = gemm;
  }

  @Override
  public void addProduct(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    gemm.multiplyPacked(out, a, (PackedPanels) b, Write.ADD);
  }

  @Override
  public void gatedProduct(
      FloatMatrix out, FloatMatrix gate, FloatMatrix a, PackedMatrix b, ActivationFunction f) {
    float[] to = HostMemory.floats(out);
    MatrixLayout layout = out.layout();
    gemm.forEachTile(
        a,
        (PackedPanels) b,
        (tile, at, stride, firstRow, endRow, column, width) -> {
          float[] values = factors(f, gate, stride, firstRow, endRow, column, width);
          for (int row = firstRow; row < endRow; row++) {
            int from = (row - firstRow) * stride;
            RowLoops.multiply(to, layout.index(row, column), tile, at + from, values, from, width);
          }
        });
  }

  /** Returns f of a tile of the gate, row after row at a stride. */
  private float[] factors(
      ActivationFunction f,
      FloatMatrix gate,
      int stride,
      int firstRow,
      int endRow,
      int column,
      int width) {
    float[] values = factors.get();
    for (int row = firstRow; row < endRow; row++) {
      int at = gate.layout().index(row, column);
      System.arraycopy(HostMemory.floats(gate), at, values, (row - firstRow) * stride, width);
    }
    FunctionLoops.apply(f, values, (endRow - firstRow) * stride);
    return values;
  }
}
