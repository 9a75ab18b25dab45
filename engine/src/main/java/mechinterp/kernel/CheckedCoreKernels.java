package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.mark;
import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireDepth;
import static mechinterp.kernel.ShapeChecks.requireNotNegative;
import static mechinterp.kernel.ShapeChecks.requirePackable;
import static mechinterp.kernel.ShapeChecks.requireRows;
import static mechinterp.kernel.ShapeChecks.requireSame;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Core kernels that check the shapes of their arguments before they hand them on, as {@link
 * CheckedKernels} do with all kernels.
 */
public class CheckedCoreKernels implements CoreKernels {
  private final CoreKernels kernels;

  /** Checks the arguments of {@code kernels}. */
  public CheckedCoreKernels(CoreKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public String name() {
    return kernels.name();
  }

  @Override
  public void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    int m = asA == Operand.AS_IS ? a.rows() : a.cols();
    int depthA = asA == Operand.AS_IS ? a.cols() : a.rows();
    int depthB = asB == Operand.AS_IS ? b.rows() : b.cols();
    int n = asB == Operand.AS_IS ? b.cols() : b.rows();
    require(
        depthA == depthB,
        () ->
            "matmul: a%s is [%d, %d], b%s is [%d, %d]; a's columns must equal b's rows"
                .formatted(mark(asA), m, depthA, mark(asB), depthB, n));
    requireShape("matmul", "out", out, m, n);
    kernels.matmul(out, a, asA, b, asB, write);
  }

  @Override
  public PackedMatrix allocatePacked(int rows, int capacity) {
    return kernels.allocatePacked(rows, capacity);
  }

  @Override
  public long packedBytes(int rows, int capacity) {
    return kernels.packedBytes(rows, capacity);
  }

  @Override
  public void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    int rows = asB == Operand.AS_IS ? b.rows() : b.cols();
    int cols = asB == Operand.AS_IS ? b.cols() : b.rows();
    requirePackable("pack", packed, rows, cols);
    kernels.pack(packed, b, asB);
  }

  @Override
  public void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    requirePackable("packRows", packed, weights.cols(), ids.cols());
    requireShape("packRows", "ids", ids, 1, ids.cols());
    kernels.packRows(packed, weights, ids);
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    requireDepth("matmulPacked", a, b);
    requireShape("matmulPacked", "out", out, a.rows(), b.cols());
    kernels.matmulPacked(out, a, b);
  }

  @Override
  public void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    require(
        a.cols() == b.cols(),
        () ->
            "matmulPackedTransposed: a is %s, b is [%d, %d]; a's columns must equal b's columns"
                .formatted(a.shape(), b.rows(), b.cols()));
    requireShape("matmulPackedTransposed", "out", out, a.rows(), b.rows());
    kernels.matmulPackedTransposed(out, a, b, write);
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    kernels.fill(out, value);
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    requireSame("copy", out, x);
    kernels.copy(out, x);
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    requireSame("add", out, a);
    requireSame("add", out, b);
    kernels.add(out, a, b);
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    requireSame("subtract", out, a);
    requireSame("subtract", out, b);
    kernels.subtract(out, a, b);
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    requireSame("scale", out, x);
    kernels.scale(out, x, factor);
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    requireSame("addScaled", out, x);
    kernels.addScaled(out, x, factor);
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    requireSame("addRow", out, x);
    requireShape("addRow", "row", row, 1, x.cols());
    kernels.addRow(out, x, row, factor);
  }

  @Override
  public void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    requireSame("multiply", out, a);
    requireSame("multiply", out, b);
    kernels.multiply(out, a, b);
  }

  @Override
  public void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    requireSame("multiplyRow", out, x);
    requireShape("multiplyRow", "row", row, 1, x.cols());
    kernels.multiplyRow(out, x, row);
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    requireShape("gatherRows", "ids", ids, 1, out.rows());
    requireShape("gatherRows", "out", out, out.rows(), table.cols());
    kernels.gatherRows(out, table, ids);
  }

  @Override
  public void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    requireShape("normScale", "scale", scale, x.rows(), 1);
    requireNotNegative("normScale", "epsilon", epsilon);
    kernels.normScale(scale, x, epsilon, norm);
  }

  @Override
  public void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    requireSame("norm", out, x);
    requireShape("norm", "scale", scale, x.rows(), 1);
    requireShape("norm", "gain", gain, 1, x.cols());
    requireShape("norm", "bias", bias, 1, x.cols());
    kernels.norm(out, x, scale, gain, bias, norm);
  }

  @Override
  public void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    requireSame("activate", out, x);
    kernels.activate(out, x, f);
  }

  @Override
  public void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    requireSame("activateBackward", dx, x);
    requireSame("activateBackward", dy, x);
    kernels.activateBackward(dx, dy, x, f);
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    requireSame("softmax", out, x);
    kernels.softmax(out, x);
  }

  @Override
  public void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    requireSame("softmaxBackward", dx, y);
    requireSame("softmaxBackward", dy, y);
    kernels.softmaxBackward(dx, dy, y);
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    requireDepth("encodeTopK", x, encoder);
    requireRows("encodeTopK", codes, x);
    requireShape("encodeTopK", "bias", bias, 1, encoder.cols());
    require(
        codes.latents() == encoder.cols(),
        () ->
            "encodeTopK: codes count %d latents, the encoder has %d; they must be equal"
                .formatted(codes.latents(), encoder.cols()));
    require(
        k >= 1 && k <= codes.capacity() && k <= encoder.cols(),
        () ->
            "encodeTopK: k is %d, the codes hold %d of %d latents; k must be at least 1 and at most both"
                .formatted(k, codes.capacity(), encoder.cols()));
    kernels.encodeTopK(codes, x, encoder, bias, k);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    requireRows("decode", codes, out);
    requireShape("decode", "decoder", decoder, codes.latents(), out.cols());
    requireShape("decode", "bias", bias, 1, out.cols());
    kernels.decode(out, codes, decoder, bias);
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    requireRows("codeGradients", codes, dOut);
    requireShape("codeGradients", "decoder", decoder, codes.latents(), dOut.cols());
    requireShape("codeGradients", "out", out, codes.rows(), codes.capacity());
    kernels.codeGradients(out, codes, dOut, decoder);
  }
}
