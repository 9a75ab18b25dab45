package mechinterp.kernel;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The reference: each method is its formula, element by element, on one thread. Sums are taken in
 * double precision from the first term to the last and rounded once, so that it can judge the fast
 * kernels. Needs no vector module.
 */
public final class ScalarKernels implements Kernels {
  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    Elements result = new Elements(out);
    Elements left = new Elements(a);
    Elements right = new Elements(b);
    int depth = asA == Operand.AS_IS ? a.cols() : a.rows();
    for (int i = 0; i < out.rows(); i++) {
      for (int j = 0; j < out.cols(); j++) {
        double sum = 0;
        for (int p = 0; p < depth; p++) {
          float x = asA == Operand.AS_IS ? left.get(i, p) : left.get(p, i);
          float y = asB == Operand.AS_IS ? right.get(p, j) : right.get(j, p);
          sum += (double) x * y;
        }
        result.write(i, j, (float) sum, write);
      }
    }
  }

  /** Columns of B one after the other: the layout in which the scalar product reads them. */
  private static final class Columns implements PackedMatrix {
    private final int rows;
    private final int capacity;
    private final float[] values;
    private int cols;

    Columns(int rows, int capacity) {
      this(rows, capacity, new float[Math.multiplyExact(rows, capacity)]);
    }

    private Columns(int rows, int capacity, float[] values) {
      this.rows = rows;
      this.capacity = capacity;
      this.values = values;
    }

    @Override
    public Columns firstColumns(int number) {
      PackedColumns.requireAtMost(number, cols);
      Columns first = new Columns(rows, number, values);
      first.cols = number;
      return first;
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public int cols() {
      return cols;
    }

    @Override
    public int capacity() {
      return capacity;
    }
  }

  @Override
  public PackedMatrix allocatePacked(int rows, int capacity) {
    return new Columns(rows, capacity);
  }

  @Override
  public long packedBytes(int rows, int capacity) {
    return 4L * rows * capacity;
  }

  @Override
  public void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    Columns columns = (Columns) packed;
    Elements from = new Elements(b);
    columns.cols = asB == Operand.AS_IS ? b.cols() : b.rows();
    for (int j = 0; j < columns.cols; j++) {
      for (int p = 0; p < columns.rows; p++) {
        columns.values[j * columns.rows + p] =
            asB == Operand.AS_IS ? from.get(p, j) : from.get(j, p);
      }
    }
  }

  @Override
  public void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    Columns columns = (Columns) packed;
    Elements from = new Elements(weights);
    columns.cols = ids.cols();
    for (int j = 0; j < columns.cols; j++) {
      from.copyRow(columns.values, j * columns.rows, HostMemory.intAt(ids, 0, j));
    }
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    Elements result = new Elements(out);
    for (int i = 0; i < out.rows(); i++) {
      for (int j = 0; j < out.cols(); j++) {
        result.set(i, j, (float) dot(new Elements(a), i, (Columns) b, j));
      }
    }
  }

  private static double dot(Elements a, int row, Columns b, int column) {
    double sum = 0;
    for (int p = 0; p < b.rows; p++) {
      sum += (double) a.get(row, p) * b.values[column * b.rows + p];
    }
    return sum;
  }

  @Override
  public void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    Columns columns = (Columns) b;
    Elements result = new Elements(out);
    for (int i = 0; i < out.rows(); i++) {
      for (int p = 0; p < out.cols(); p++) {
        double sum = 0;
        for (int j = 0; j < columns.cols; j++) {
          sum += (double) new Elements(a).get(i, j) * columns.values[j * columns.rows + p];
        }
        result.write(i, p, (float) sum, write);
      }
    }
  }

  @Override
  public void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids) {
    Columns columns = (Columns) b;
    new Elements(out)
        .setEach((t, p) -> columns.values[HostMemory.intAt(ids, 0, t) * columns.rows + p]);
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    new Elements(out).setEach((i, j) -> value);
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    new Elements(out).setEach(new Elements(x)::get);
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Elements left = new Elements(a);
    Elements right = new Elements(b);
    new Elements(out).setEach((i, j) -> left.get(i, j) + right.get(i, j));
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Elements left = new Elements(a);
    Elements right = new Elements(b);
    new Elements(out).setEach((i, j) -> left.get(i, j) - right.get(i, j));
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    Elements from = new Elements(x);
    new Elements(out).setEach((i, j) -> factor * from.get(i, j));
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    Elements to = new Elements(out);
    Elements from = new Elements(x);
    to.setEach((i, j) -> to.get(i, j) + factor * from.get(i, j));
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    Elements from = new Elements(x);
    Elements added = new Elements(row);
    new Elements(out).setEach((i, j) -> from.get(i, j) + factor * added.get(0, j));
  }

  @Override
  public void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Elements left = new Elements(a);
    Elements right = new Elements(b);
    new Elements(out).setEach((i, j) -> left.get(i, j) * right.get(i, j));
  }

  @Override
  public void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    Elements from = new Elements(x);
    Elements factors = new Elements(row);
    new Elements(out).setEach((i, j) -> from.get(i, j) * factors.get(0, j));
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    Elements from = new Elements(table);
    new Elements(out).setEach((i, j) -> from.get(HostMemory.intAt(ids, 0, i), j));
  }

  @Override
  public void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids) {
    double[][] sums = new double[table.rows()][];
    for (int t = 0; t < x.rows(); t++) {
      int row = HostMemory.intAt(ids, 0, t);
      if (sums[row] == null) {
        sums[row] = new Elements(table).row(row);
      }
      for (int j = 0; j < x.cols(); j++) {
        sums[row][j] += new Elements(x).get(t, j);
      }
    }
    for (int t = 0; t < x.rows(); t++) {
      int row = HostMemory.intAt(ids, 0, t);
      new Elements(table).setRow(row, sums[row]);
    }
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    Elements to = new Elements(out);
    Elements from = new Elements(x);
    for (int j = 0; j < x.cols(); j++) {
      double sum = 0;
      for (int i = 0; i < x.rows(); i++) {
        sum += from.get(i, j);
      }
      to.write(0, j, (float) sum, write);
    }
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Elements left = new Elements(a);
    Elements right = new Elements(b);
    new Elements(out).setEach((i, j) -> (float) left.dot(i, right, i));
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    Elements to = new Elements(out);
    Elements from = new Elements(x);
    for (int i = 0; i < x.rows(); i++) {
      double norm = Math.sqrt(from.dot(i, from, i));
      for (int j = 0; j < x.cols(); j++) {
        to.set(i, j, norm == 0 ? 0 : (float) (from.get(i, j) / norm));
      }
    }
  }

  @Override
  public void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    ScalarNorms.normScale(scale, x, epsilon, norm);
  }

  @Override
  public void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    ScalarNorms.norm(out, x, scale, gain, bias, norm);
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
    ScalarNorms.normBackward(dx, dScale, dy, x, scale, gain, norm);
  }

  @Override
  public void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    ScalarNorms.normScaleBackward(dx, dScale, x, scale, norm);
  }

  @Override
  public void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    ScalarNorms.normGainGradient(dGain, dy, x, scale, norm, write);
  }

  @Override
  public void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    ScalarFunctions.activate(out, x, f);
  }

  @Override
  public void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    ScalarFunctions.activateBackward(dx, dy, x, f);
  }

  @Override
  public void gatedActivate(
      FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    ScalarFunctions.gatedActivate(out, gate, linear, f);
  }

  @Override
  public void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    ScalarFunctions.gatedActivateBackward(dGate, dLinear, dOut, gate, linear, f);
  }

  @Override
  public void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    ScalarFunctions.softCap(out, x, cap);
  }

  @Override
  public void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    ScalarFunctions.softCapBackward(dx, dy, y, cap);
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    ScalarLosses.softmax(out, x);
  }

  @Override
  public void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    ScalarLosses.softmaxBackward(dx, dy, y);
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
    ScalarFunctions.rotary(out, x, positions, cos, sin, heads, rotation);
  }

  @Override
  public void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    ScalarAttention.attention(out, q, k, v, spans, form);
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
    ScalarAttention.attentionBackward(dq, dk, dv, dOut, q, k, v, spans, form);
  }

  @Override
  public void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    ScalarAttention.attentionScores(scores, q, k, spans, form);
  }

  @Override
  public void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    ScalarAttention.attentionValues(out, pattern, v, spans, heads, keyValueHeads);
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
    ScalarAttention.attentionValuesBackward(
        dPattern, dv, dOut, pattern, v, spans, heads, keyValueHeads);
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
    ScalarAttention.attentionScoresBackward(dq, dk, dScores, scores, q, k, spans, form);
  }

  @Override
  public void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    ScalarLosses.crossEntropy(losses, logits, targets);
  }

  @Override
  public void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    ScalarLosses.crossEntropyBackward(dLogits, logits, targets, weights);
  }

  @Override
  public void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    ScalarLosses.klDivergence(out, pLogits, qLogits);
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    Columns weights = (Columns) encoder;
    Elements inputs = new Elements(x);
    Elements offsets = new Elements(bias);
    float[] preActivations = new float[weights.cols];
    for (int t = 0; t < x.rows(); t++) {
      for (int f = 0; f < weights.cols; f++) {
        preActivations[f] = (float) (dot(inputs, t, weights, f) + offsets.get(0, f));
      }
      TopK.writeRow(codes, t, preActivations, k);
    }
  }

  @Override
  public RowNormKernels rowNorms() {
    return new RowNormLoops((rows, work) -> IntStream.range(0, rows).forEach(work));
  }

  @Override
  public OptimizerKernels optimizer() {
    return new ScalarOptimizer(this);
  }

  @Override
  public SelectionKernels selection() {
    return new ScalarSelection(this);
  }

  @Override
  public NestedKernels nested() {
    return new ScalarNested();
  }

  @Override
  public PursuitKernels pursuit() {
    return new ScalarPursuit();
  }

  @Override
  public ShortlistKernels shortlists() {
    return new ScalarShortlist();
  }

  @Override
  public ProductKernels products() {
    return new ScalarProducts(this);
  }

  @Override
  public CodeKernels codes() {
    return new CodeLoops((rows, work) -> IntStream.range(0, rows).forEach(work));
  }

  @Override
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    CodeIndices.relabel(out, codes, ids);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    ScalarSparse.decode(out, codes, decoder, bias);
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    ScalarSparse.codeGradients(out, codes, dOut, decoder);
  }

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    CodeIndices.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    ScalarSparse.latentSums(out, order, coefficients, write);
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    ScalarSparse.sparseGradient(out, terms);
  }
}
