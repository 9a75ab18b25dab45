package mechinterp.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The kernels of the CPU, with the Vector API and several threads. Needs the module {@code
 * jdk.incubator.vector}; only the classes of this package that it calls name that module. May be
 * called by several threads at once, which then share the workers.
 */
public final class VectorKernels implements Kernels {
  /**
   * Numbers below which a call is not shared out: waking a thread costs as much as computing them.
   */
  private static final int NUMBERS_PER_TASK = 1 << 15;

  private final WorkerPool workers;
  private final VectorGemm gemm;
  private final VectorEncoder encoder;
  private final VectorSparse sparse;
  private final VectorAttention attention;

  /** Computes with the threads of {@code workers}. */
  public VectorKernels(WorkerPool workers) {
    this.workers = workers;
    gemm = new VectorGemm(workers);
    encoder = new VectorEncoder(workers, gemm);
    sparse = new VectorSparse(workers);
    attention = new VectorAttention(workers, gemm);
  }

  @Override
  public String name() {
    return "vector-" + vectorBits();
  }

  /** Returns how many bits the vectors of this machine have. */
  public static int vectorBits() {
    return Tiles.SPECIES.vectorBitSize();
  }

  @Override
  public void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    gemm.multiply(out, a, asA, b, asB, write);
  }

  @Override
  public PackedMatrix allocatePacked(int rows, int capacity) {
    return new PackedPanels(rows, capacity);
  }

  @Override
  public long packedBytes(int rows, int capacity) {
    return Float.BYTES * PackedPanels.size(rows, capacity);
  }

  @Override
  public void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    gemm.pack((PackedPanels) packed, b, asB);
  }

  @Override
  public void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    gemm.packRows((PackedPanels) packed, weights, ids);
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    gemm.multiplyPacked(out, a, (PackedPanels) b);
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    forEachRow(
        out,
        row -> {
          int at = out.layout().index(row, 0);
          Arrays.fill(HostMemory.floats(out), at, at + out.cols(), value);
        });
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    forEachRow(out, row -> copyRow(out, row, x, row));
  }

  private static void copyRow(FloatMatrix out, int row, FloatMatrix x, int from) {
    System.arraycopy(
        HostMemory.floats(x),
        x.layout().index(from, 0),
        HostMemory.floats(out),
        out.layout().index(row, 0),
        out.cols());
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    forEachRow(out, row -> addScaledRow(out, row, a, b, row, 1));
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    forEachRow(out, row -> addScaledRow(out, row, a, b, row, -1));
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    forEachRow(out, row -> addScaledRow(out, row, out, x, row, factor));
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    forEachRow(out, i -> addScaledRow(out, i, x, row, 0, factor));
  }

  /** out[row] = a[row] + factor b[rowOfB]. */
  private static void addScaledRow(
      FloatMatrix out, int row, FloatMatrix a, FloatMatrix b, int rowOfB, float factor) {
    RowLoops.addScaled(
        HostMemory.floats(out),
        out.layout().index(row, 0),
        HostMemory.floats(a),
        a.layout().index(row, 0),
        HostMemory.floats(b),
        b.layout().index(rowOfB, 0),
        out.cols(),
        factor);
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    forEachRow(
        out,
        row ->
            RowLoops.scale(
                HostMemory.floats(out),
                out.layout().index(row, 0),
                HostMemory.floats(x),
                x.layout().index(row, 0),
                x.cols(),
                factor));
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    int[] rows = HostMemory.ints(ids);
    int at = ids.layout().offset();
    forEachRow(out, row -> copyRow(out, row, table, rows[at + row]));
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    gemm.sumRows(out, x, write);
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    forEachRow(
        a,
        row ->
            HostMemory.floats(out)[out.layout().index(row, 0)] =
                RowLoops.dot(
                    HostMemory.floats(a),
                    a.layout().index(row, 0),
                    HostMemory.floats(b),
                    b.layout().index(row, 0),
                    a.cols()));
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    sparse.normalizeRows(out, x);
  }

  @Override
  public void layerNorm(
      FloatMatrix out, FloatMatrix x, FloatMatrix gain, FloatMatrix bias, float epsilon) {
    float[] from = HostMemory.floats(x);
    forEachRow(
        x,
        row -> {
          int at = x.layout().index(row, 0);
          float mean = RowLoops.sum(from, at, x.cols()) / x.cols();
          float variance = RowLoops.sumOfSquares(from, at, x.cols(), mean) / x.cols();
          RowLoops.standardize(
              HostMemory.floats(out),
              out.layout().index(row, 0),
              from,
              at,
              x.cols(),
              mean,
              (float) (1 / Math.sqrt(variance + epsilon)),
              HostMemory.floats(gain),
              gain.layout().offset(),
              HostMemory.floats(bias),
              bias.layout().offset());
        });
  }

  @Override
  public void gelu(FloatMatrix out, FloatMatrix x) {
    forEachRow(
        out,
        row ->
            FunctionLoops.gelu(
                HostMemory.floats(out),
                out.layout().index(row, 0),
                HostMemory.floats(x),
                x.layout().index(row, 0),
                x.cols()));
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    forEachRow(
        out,
        row ->
            FunctionLoops.softmax(
                HostMemory.floats(out),
                out.layout().index(row, 0),
                HostMemory.floats(x),
                x.layout().index(row, 0),
                x.cols(),
                1));
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
    attention.attend(out, q, k, v, sequenceStarts, heads, scale);
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix weights, FloatMatrix bias, int k) {
    encoder.encodeTopK(codes, x, (PackedPanels) weights, bias, k);
  }

  @Override
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    CodeIndices.relabel(out, codes, ids);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    sparse.decode(out, codes, decoder, bias);
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    sparse.codeGradients(out, codes, dOut, decoder);
  }

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    CodeIndices.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    sparse.latentSums(out, order, coefficients, write);
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    sparse.sparseGradient(out, terms);
  }

  @Override
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    sparse.adam(p, m, v, gradient, step);
  }

  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    sparse.sparseAdam(p, m, v, terms, step, constraint);
  }

  private void forEachRow(FloatMatrix shape, IntConsumer work) {
    int rowsPerTask = Math.max(1, NUMBERS_PER_TASK / Math.max(1, shape.cols()));
    workers.runRows(shape.rows(), rowsPerTask, work);
  }
}
