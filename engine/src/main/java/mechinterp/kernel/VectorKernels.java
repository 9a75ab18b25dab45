package mechinterp.kernel;

import java.util.Arrays;
import java.util.List;
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
  private static final int TOKENS_PER_TASK = 16;

  private final WorkerPool workers;
  private final VectorGemm gemm;
  private final VectorEncoder encoder;
  private final VectorNorms norms;
  private final VectorFunctions functions;
  private final VectorLosses lossRows;
  private final VectorAttention attention;
  private final VectorAttentionBackward attentionBackward;
  private final VectorSparse sparse;
  private final VectorSelection selection;
  private final VectorNested nested;
  private final VectorPursuit pursuit;
  private final VectorShortlist shortlists;
  private final VectorProducts products;
  private final CodeLoops codes;
  private final RowNormLoops rowNorms;

  /** Computes with the threads of {@code workers}. */
  public VectorKernels(WorkerPool workers) {
    this.workers = workers;
    gemm = new VectorGemm(workers);
    encoder = new VectorEncoder(gemm);
    norms = new VectorNorms(workers);
    functions = new VectorFunctions(workers);
    lossRows = new VectorLosses(workers);
    attention = new VectorAttention(workers);
    attentionBackward = new VectorAttentionBackward(workers);
    sparse = new VectorSparse(workers);
    selection = new VectorSelection(workers, gemm);
    nested = new VectorNested(workers);
    pursuit = new VectorPursuit(workers);
    shortlists = new VectorShortlist(workers);
    products = new VectorProducts(gemm);
    codes = new CodeLoops((rows, work) -> workers.runRows(rows, TOKENS_PER_TASK, work));
    rowNorms = new RowNormLoops((rows, work) -> workers.runRows(rows, TOKENS_PER_TASK, work));
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
    gemm.multiplyPacked(out, a, (PackedPanels) b, Write.SET);
  }

  @Override
  public void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    gemm.multiplyPackedTransposed(out, a, (PackedPanels) b, write);
  }

  @Override
  public void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids) {
    PackedPanels panels = (PackedPanels) b;
    int[] columns = HostMemory.ints(ids);
    int at = ids.layout().offset();
    workers.forEachRow(
        out,
        row ->
            panels.copyColumn(
                columns[at + row], HostMemory.floats(out), out.layout().index(row, 0)));
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    workers.forEachRow(
        out,
        row -> {
          int at = out.layout().index(row, 0);
          Arrays.fill(HostMemory.floats(out), at, at + out.cols(), value);
        });
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    workers.forEachRow(out, row -> copyRow(out, row, x, row));
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
    workers.forEachRow(out, row -> addScaledRow(out, row, a, b, row, 1));
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    workers.forEachRow(out, row -> addScaledRow(out, row, a, b, row, -1));
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    workers.forEachRow(out, row -> addScaledRow(out, row, out, x, row, factor));
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    workers.forEachRow(out, i -> addScaledRow(out, i, x, row, 0, factor));
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
    workers.forEachRow(
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
  public void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    workers.forEachRow(out, row -> multiplyRow(out, row, a, b, row));
  }

  @Override
  public void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    workers.forEachRow(out, i -> multiplyRow(out, i, x, row, 0));
  }

  /** out[row] = a[row] b[rowOfB]. */
  private static void multiplyRow(
      FloatMatrix out, int row, FloatMatrix a, FloatMatrix b, int rowOfB) {
    RowLoops.multiply(
        HostMemory.floats(out),
        out.layout().index(row, 0),
        HostMemory.floats(a),
        a.layout().index(row, 0),
        HostMemory.floats(b),
        b.layout().index(rowOfB, 0),
        out.cols());
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    int[] rows = HostMemory.ints(ids);
    int at = ids.layout().offset();
    workers.forEachRow(out, row -> copyRow(out, row, table, rows[at + row]));
  }

  @Override
  public void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids) {
    workers.forEachColumnBlock(
        x.cols(),
        (first, width) -> {
          FloatMatrix sums = table.columnRange(first, first + width);
          FloatMatrix terms = x.columnRange(first, first + width);
          for (int t = 0; t < x.rows(); t++) {
            int row = HostMemory.intAt(ids, 0, t);
            addScaledRow(sums, row, sums, terms, t, 1);
          }
        });
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    gemm.sumRows(out, x, write);
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    workers.forEachRow(
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
  public void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    norms.normScale(scale, x, epsilon, norm);
  }

  @Override
  public void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    norms.norm(out, x, scale, gain, bias, norm);
  }

  @Override
  public void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm) {
    norms.normBackward(dx, dScale, dy, x, scale, gain, norm);
  }

  @Override
  public void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    norms.normScaleBackward(dx, dScale, x, scale, norm);
  }

  @Override
  public void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    norms.normGainGradient(dGain, dy, x, scale, norm, write);
  }

  @Override
  public void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    functions.activate(out, x, f);
  }

  @Override
  public void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    functions.activateBackward(dx, dy, x, f);
  }

  @Override
  public void gatedActivate(
      FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    functions.gatedActivate(out, gate, linear, f);
  }

  @Override
  public void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    functions.gatedActivateBackward(dGate, dLinear, dOut, gate, linear, f);
  }

  @Override
  public void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    functions.softCap(out, x, cap);
  }

  @Override
  public void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    functions.softCapBackward(dx, dy, y, cap);
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    lossRows.softmax(out, x);
  }

  @Override
  public void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    lossRows.softmaxBackward(dx, dy, y);
  }

  @Override
  public void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation) {
    functions.rotary(out, x, positions, cos, sin, heads, rotation);
  }

  @Override
  public void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    attention.attention(out, q, k, v, spans, form);
  }

  @Override
  public void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    attentionBackward.attentionBackward(dq, dk, dv, dOut, q, k, v, spans, form);
  }

  @Override
  public void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    attention.attentionScores(scores, q, k, spans, form);
  }

  @Override
  public void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    attention.attentionValues(out, pattern, v, spans, unmasked(heads, keyValueHeads));
  }

  @Override
  public void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    attentionBackward.attentionValuesBackward(
        dPattern, dv, dOut, pattern, v, spans, unmasked(heads, keyValueHeads));
  }

  /** A form in which every query sees every key. */
  private static AttentionForm unmasked(int heads, int keyValueHeads) {
    return new AttentionForm(heads, keyValueHeads, 1, false, Integer.MAX_VALUE, 0);
  }

  @Override
  public void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form) {
    attentionBackward.attentionScoresBackward(dq, dk, dScores, scores, q, k, spans, form);
  }

  @Override
  public void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    lossRows.crossEntropy(losses, logits, targets);
  }

  @Override
  public void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    lossRows.crossEntropyBackward(dLogits, logits, targets, weights);
  }

  @Override
  public void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    lossRows.klDivergence(out, pLogits, qLogits);
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix weights, FloatMatrix bias, int k) {
    encoder.encodeTopK(codes, x, (PackedPanels) weights, bias, k);
  }

  @Override
  public RowNormKernels rowNorms() {
    return rowNorms;
  }

  @Override
  public OptimizerKernels optimizer() {
    return sparse;
  }

  @Override
  public SelectionKernels selection() {
    return selection;
  }

  @Override
  public NestedKernels nested() {
    return nested;
  }

  @Override
  public PursuitKernels pursuit() {
    return pursuit;
  }

  @Override
  public ShortlistKernels shortlists() {
    return shortlists;
  }

  @Override
  public ProductKernels products() {
    return products;
  }

  @Override
  public CodeKernels codes() {
    return codes;
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
}
