package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.Matrix;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * Kernels that check the shapes of their arguments before they hand them on, so that no
 * implementation has to. All checks throw {@link IllegalArgumentException} with the kernel's name,
 * what was found and what must hold.
 */
public final class CheckedKernels implements Kernels {
  private final Kernels kernels;

  /** Checks the arguments of {@code kernels}. */
  public CheckedKernels(Kernels kernels) {
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

  private static String mark(Operand operand) {
    return operand == Operand.AS_IS ? "" : " transposed";
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

  private static void requirePackable(String kernel, PackedMatrix packed, int rows, int cols) {
    require(
        packed.rows() == rows && packed.capacity() >= cols,
        () ->
            "%s: the matrix is [%d, %d], the packed one has %d rows and holds up to %d columns; rows must be equal and columns must fit"
                .formatted(kernel, rows, cols, packed.rows(), packed.capacity()));
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    requireDepth("matmulPacked", a, b);
    requireShape("matmulPacked", "out", out, a.rows(), b.cols());
    kernels.matmulPacked(out, a, b);
  }

  private static void requireDepth(String kernel, FloatMatrix a, PackedMatrix b) {
    require(
        a.cols() == b.rows(),
        () ->
            "%s: a is %s, b is [%d, %d]; a's columns must equal b's rows"
                .formatted(kernel, a.shape(), b.rows(), b.cols()));
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
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    requireShape("gatherRows", "ids", ids, 1, out.rows());
    requireShape("gatherRows", "out", out, out.rows(), table.cols());
    kernels.gatherRows(out, table, ids);
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    requireShape("sumRows", "out", out, 1, x.cols());
    kernels.sumRows(out, x, write);
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    requireSame("rowDots", a, b);
    requireShape("rowDots", "out", out, a.rows(), 1);
    kernels.rowDots(out, a, b);
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    requireSame("normalizeRows", out, x);
    kernels.normalizeRows(out, x);
  }

  @Override
  public void layerNorm(
      FloatMatrix out, FloatMatrix x, FloatMatrix gain, FloatMatrix bias, float epsilon) {
    requireSame("layerNorm", out, x);
    requireShape("layerNorm", "gain", gain, 1, x.cols());
    requireShape("layerNorm", "bias", bias, 1, x.cols());
    kernels.layerNorm(out, x, gain, bias, epsilon);
  }

  @Override
  public void gelu(FloatMatrix out, FloatMatrix x) {
    requireSame("gelu", out, x);
    kernels.gelu(out, x);
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    requireSame("softmax", out, x);
    kernels.softmax(out, x);
  }

  @Override
  public void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix sequenceStarts,
      int heads,
      float scale) {
    requireSame("attention", out, q);
    requireSame("attention", out, k);
    requireSame("attention", out, v);
    require(
        heads >= 1 && q.cols() % heads == 0,
        () ->
            "attention: q is %s with %d heads; heads must divide the columns"
                .formatted(q.shape(), heads));
    requireShape(
        "attention", "sequenceStarts", sequenceStarts, 1, Math.max(1, sequenceStarts.cols()));
    kernels.attention(out, q, k, v, sequenceStarts, heads, scale);
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
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    requireSame("relabel", out.indices(), codes.indices());
    requireShape("relabel", "ids", ids, 1, codes.latents());
    kernels.relabel(out, codes, ids);
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

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    require(
        out.latents() == codes.latents()
            && out.capacity() == codes.capacity()
            && out.positions().size() >= codes.values().size(),
        () ->
            "orderByLatent: codes are %s over %d latents, the order has %d latents, %d slots a row and room for %d entries; latents and slots must be equal and the entries must fit"
                .formatted(
                    codes.values().shape(),
                    codes.latents(),
                    out.latents(),
                    out.capacity(),
                    out.positions().size()));
    kernels.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    requireShape("latentSums", "out", out, 1, order.latents());
    requireShape("latentSums", "coefficients", coefficients, coefficients.rows(), order.capacity());
    kernels.latentSums(out, order, coefficients, write);
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    requireTerms("sparseGradient", out, terms);
    kernels.sparseGradient(out, terms);
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

  private static void requireTerms(String kernel, FloatMatrix out, List<SparseOuterProduct> terms) {
    for (SparseOuterProduct term : terms) {
      requireShape(kernel, "out", out, term.order().latents(), term.rows().cols());
    }
  }

  private static void requireRows(String kernel, SparseCodes codes, FloatMatrix matrix) {
    require(
        codes.rows() == matrix.rows(),
        () ->
            "%s: codes have %d rows, the matrix is %s; rows must be equal"
                .formatted(kernel, codes.rows(), matrix.shape()));
  }

  private static void requireSame(String kernel, Matrix<?> a, Matrix<?> b) {
    require(
        a.rows() == b.rows() && a.cols() == b.cols(),
        () ->
            "%s: shapes are %s and %s; they must be equal".formatted(kernel, a.shape(), b.shape()));
  }

  private static void requireShape(
      String kernel, String name, Matrix<?> matrix, int rows, int cols) {
    require(
        matrix.rows() == rows && matrix.cols() == cols,
        () ->
            "%s: %s is %s; it must be [%d, %d]"
                .formatted(kernel, name, matrix.shape(), rows, cols));
  }

  private static void require(boolean holds, java.util.function.Supplier<String> message) {
    if (!holds) {
      throw new IllegalArgumentException(message.get());
    }
  }
}
