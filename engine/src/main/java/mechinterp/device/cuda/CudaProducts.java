package mechinterp.device.cuda;

import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.ProductKernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/** Products by cuBLAS, and what follows a product at once, which is stored before. */
final class CudaProducts implements ProductKernels {
  private final CudaWork work;
  private final CudaElements elements;

  CudaProducts(CudaWork work, CudaElements elements) {
    this.work = work;
    this.elements = elements;
  }

  void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    if (out.size() > 0) {
      work.multiply(out, a, asA, b, asB, write);
    }
  }

  PackedMatrix allocatePacked(int rows, int capacity) {
    int numbers = Math.multiplyExact(rows, capacity);
    DeviceBuffer buffer = work.context().allocate(Math.max(1, packedBytes(rows, capacity)));
    return CudaPacked.in(
        new FloatMatrix(new DeviceNumbers(buffer, numbers), MatrixLayout.contiguous(1, numbers)),
        rows,
        capacity);
  }

  static long packedBytes(int rows, int capacity) {
    return (long) Float.BYTES * rows * capacity;
  }

  void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    int cols = asB == Operand.AS_IS ? b.cols() : b.rows();
    elements.copy(((CudaPacked) packed).begin(asB, cols), b);
  }

  void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    FloatMatrix rows = ((CudaPacked) packed).begin(Operand.TRANSPOSED, ids.cols());
    elements.gatherRows(rows, weights, ids);
  }

  void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids) {
    CudaPacked packed = (CudaPacked) b;
    if (packed.order() == Operand.TRANSPOSED) {
      elements.gatherRows(out, packed.numbers(), ids);
    } else {
      elements.gatherColumns(out, packed.numbers(), ids);
    }
  }

  void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    CudaPacked factor = (CudaPacked) b;
    matmul(out, a, Operand.AS_IS, factor.numbers(), factor.order(), Write.SET);
  }

  void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    CudaPacked factor = (CudaPacked) b;
    Operand transposed = factor.order() == Operand.AS_IS ? Operand.TRANSPOSED : Operand.AS_IS;
    matmul(out, a, Operand.AS_IS, factor.numbers(), transposed, write);
  }

  @Override
  public void addProduct(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    try (DeviceBuffer scratch = work.scratch(out.size())) {
      FloatMatrix product = Launches.matrix(scratch, out.rows(), out.cols());
      matmulPacked(product, a, b);
      elements.add(out, out, product);
    }
  }

  @Override
  public void gatedProduct(
      FloatMatrix out, FloatMatrix gate, FloatMatrix a, PackedMatrix b, ActivationFunction f) {
    try (DeviceBuffer scratch = work.scratch(out.size())) {
      FloatMatrix product = Launches.matrix(scratch, out.rows(), out.cols());
      matmulPacked(product, a, b);
      elements.gatedActivate(out, gate, product, f);
    }
  }
}
