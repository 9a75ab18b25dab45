package mechinterp.kernel;

import java.util.Arrays;
import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
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
    Rows result = new Rows(out);
    Rows left = new Rows(a);
    Rows right = new Rows(b);
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
      this.rows = rows;
      this.capacity = capacity;
      this.values = new float[Math.multiplyExact(rows, capacity)];
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
    Rows from = new Rows(b);
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
    Rows from = new Rows(weights);
    columns.cols = ids.cols();
    for (int j = 0; j < columns.cols; j++) {
      from.copyRow(columns.values, j * columns.rows, intAt(ids, 0, j));
    }
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    Rows result = new Rows(out);
    for (int i = 0; i < out.rows(); i++) {
      for (int j = 0; j < out.cols(); j++) {
        result.set(i, j, (float) dot(new Rows(a), i, (Columns) b, j));
      }
    }
  }

  private static double dot(Rows a, int row, Columns b, int column) {
    double sum = 0;
    for (int p = 0; p < b.rows; p++) {
      sum += (double) a.get(row, p) * b.values[column * b.rows + p];
    }
    return sum;
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    new Rows(out).setEach((i, j) -> value);
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    new Rows(out).setEach(new Rows(x)::get);
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Rows left = new Rows(a);
    Rows right = new Rows(b);
    new Rows(out).setEach((i, j) -> left.get(i, j) + right.get(i, j));
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    Rows left = new Rows(a);
    Rows right = new Rows(b);
    new Rows(out).setEach((i, j) -> left.get(i, j) - right.get(i, j));
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    Rows from = new Rows(x);
    new Rows(out).setEach((i, j) -> factor * from.get(i, j));
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    Rows to = new Rows(out);
    Rows from = new Rows(x);
    to.setEach((i, j) -> to.get(i, j) + factor * from.get(i, j));
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    Rows from = new Rows(x);
    Rows added = new Rows(row);
    new Rows(out).setEach((i, j) -> from.get(i, j) + factor * added.get(0, j));
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    Rows from = new Rows(table);
    new Rows(out).setEach((i, j) -> from.get(intAt(ids, 0, i), j));
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    Rows to = new Rows(out);
    Rows from = new Rows(x);
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
    Rows left = new Rows(a);
    Rows right = new Rows(b);
    new Rows(out).setEach((i, j) -> (float) left.dot(i, right, i));
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    Rows to = new Rows(out);
    Rows from = new Rows(x);
    for (int i = 0; i < x.rows(); i++) {
      double norm = Math.sqrt(from.dot(i, from, i));
      for (int j = 0; j < x.cols(); j++) {
        to.set(i, j, norm == 0 ? 0 : (float) (from.get(i, j) / norm));
      }
    }
  }

  @Override
  public void layerNorm(
      FloatMatrix out, FloatMatrix x, FloatMatrix gain, FloatMatrix bias, float epsilon) {
    Rows to = new Rows(out);
    Rows from = new Rows(x);
    for (int i = 0; i < x.rows(); i++) {
      double mean = 0;
      for (int j = 0; j < x.cols(); j++) {
        mean += from.get(i, j) / (double) x.cols();
      }
      double variance = 0;
      for (int j = 0; j < x.cols(); j++) {
        variance += (from.get(i, j) - mean) * (from.get(i, j) - mean) / x.cols();
      }
      double deviation = Math.sqrt(variance + epsilon);
      for (int j = 0; j < x.cols(); j++) {
        double normalized = (from.get(i, j) - mean) / deviation;
        to.set(i, j, (float) (normalized * new Rows(gain).get(0, j) + new Rows(bias).get(0, j)));
      }
    }
  }

  @Override
  public void gelu(FloatMatrix out, FloatMatrix x) {
    Rows from = new Rows(x);
    new Rows(out)
        .setEach((i, j) -> (float) (from.get(i, j) * NormalDistribution.cdf(from.get(i, j))));
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    Rows to = new Rows(out);
    Rows from = new Rows(x);
    for (int i = 0; i < x.rows(); i++) {
      double[] row = new double[x.cols()];
      for (int j = 0; j < row.length; j++) {
        row[j] = from.get(i, j);
      }
      softmax(row);
      for (int j = 0; j < row.length; j++) {
        to.set(i, j, (float) row[j]);
      }
    }
  }

  private static void softmax(double[] row) {
    double max = Arrays.stream(row).max().orElse(0);
    double sum = 0;
    for (int j = 0; j < row.length; j++) {
      row[j] = Math.exp(row[j] - max);
      sum += row[j];
    }
    for (int j = 0; j < row.length; j++) {
      row[j] /= sum;
    }
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
    int headSize = q.cols() / heads;
    for (int s = 0; s + 1 < sequenceStarts.cols(); s++) {
      int from = intAt(sequenceStarts, 0, s);
      int to = intAt(sequenceStarts, 0, s + 1);
      for (int head = 0; head < heads; head++) {
        int first = head * headSize;
        attend(
            new Rows(headOf(out, from, to, first, headSize)),
            new Rows(headOf(q, from, to, first, headSize)),
            new Rows(headOf(k, from, to, first, headSize)),
            new Rows(headOf(v, from, to, first, headSize)),
            scale);
      }
    }
  }

  private static FloatMatrix headOf(FloatMatrix x, int from, int to, int first, int headSize) {
    return x.rowRange(from, to).columnRange(first, first + headSize);
  }

  private static void attend(Rows out, Rows q, Rows k, Rows v, float scale) {
    for (int i = 0; i < q.rows(); i++) {
      double[] pattern = new double[k.rows()];
      for (int j = 0; j < pattern.length; j++) {
        pattern[j] = scale * q.dot(i, k, j);
      }
      softmax(pattern);
      for (int c = 0; c < v.cols(); c++) {
        double sum = 0;
        for (int j = 0; j < pattern.length; j++) {
          sum += pattern[j] * v.get(j, c);
        }
        out.set(i, c, (float) sum);
      }
    }
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    Columns weights = (Columns) encoder;
    Rows inputs = new Rows(x);
    Rows offsets = new Rows(bias);
    float[] preActivations = new float[weights.cols];
    for (int t = 0; t < x.rows(); t++) {
      for (int f = 0; f < weights.cols; f++) {
        preActivations[f] = (float) (dot(inputs, t, weights, f) + offsets.get(0, f));
      }
      TopK.writeRow(codes, t, preActivations, k);
    }
  }

  @Override
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    CodeIndices.relabel(out, codes, ids);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    Rows dictionary = new Rows(decoder);
    Rows values = new Rows(codes.values());
    Rows offsets = new Rows(bias);
    new Rows(out)
        .setEach((t, j) -> {
          double sum = 0;
          for (int slot = 0; slot < intAt(codes.counts(), t, 0); slot++) {
            int latent = intAt(codes.indices(), t, slot);
            sum += (double) values.get(t, slot) * dictionary.get(latent, j);
          }
          return (float) (sum + offsets.get(0, j));
        });
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    Rows dictionary = new Rows(decoder);
    Rows gradients = new Rows(dOut);
    new Rows(out)
        .setEach((t, slot) ->
            slot < intAt(codes.counts(), t, 0)
                ? (float) gradients.dot(t, dictionary, intAt(codes.indices(), t, slot))
                : 0);
  }

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    CodeIndices.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    Rows sums = new Rows(out);
    Rows terms = new Rows(coefficients);
    for (int f = 0; f < order.latents(); f++) {
      double sum = 0;
      for (int e = intAt(order.starts(), 0, f); e < intAt(order.starts(), 0, f + 1); e++) {
        int position = intAt(order.positions(), 0, e);
        sum += terms.get(position / order.capacity(), position % order.capacity());
      }
      sums.write(0, f, (float) sum, write);
    }
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    new Rows(out).setEach((f, j) -> (float) gradient(terms, f, j));
  }

  private static double gradient(List<SparseOuterProduct> terms, int latent, int column) {
    double sum = 0;
    for (SparseOuterProduct term : terms) {
      LatentOrder order = term.order();
      for (int e = intAt(order.starts(), 0, latent);
          e < intAt(order.starts(), 0, latent + 1);
          e++) {
        int position = intAt(order.positions(), 0, e);
        int row = position / order.capacity();
        double coefficient = new Rows(term.coefficients()).get(row, position % order.capacity());
        sum += coefficient * new Rows(term.rows()).get(row, column);
      }
    }
    return sum;
  }

  @Override
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    Rows parameters = new Rows(p);
    Rows first = new Rows(m);
    Rows second = new Rows(v);
    Rows gradients = new Rows(gradient);
    double correction1 = 1 - Math.pow(step.beta1(), step.step());
    double correction2 = 1 - Math.pow(step.beta2(), step.step());
    for (int i = 0; i < p.rows(); i++) {
      for (int j = 0; j < p.cols(); j++) {
        float g = gradients.get(i, j);
        first.set(i, j, step.beta1() * first.get(i, j) + (1 - step.beta1()) * g);
        second.set(i, j, step.beta2() * second.get(i, j) + (1 - step.beta2()) * g * g);
        double move =
            first.get(i, j)
                / correction1
                / (Math.sqrt(second.get(i, j) / correction2) + step.epsilon());
        parameters.set(i, j, (float) (parameters.get(i, j) - step.learningRate() * move));
      }
    }
  }

  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    FloatMatrix gradient = HostMemory.newRow(p.cols());
    for (int f = 0; f < p.rows(); f++) {
      int latent = f;
      new Rows(gradient).setEach((i, j) -> (float) gradient(terms, latent, j));
      FloatMatrix row = p.row(f);
      if (constraint == RowConstraint.UNIT_NORM) {
        Rows direction = new Rows(row);
        float parallel = (float) direction.dot(0, new Rows(gradient), 0);
        addScaled(gradient, row, -parallel);
      }
      adam(row, m.row(f), v.row(f), gradient, step);
      if (constraint == RowConstraint.UNIT_NORM) {
        normalizeRows(row, row);
      }
    }
  }

  private static int intAt(IntMatrix matrix, int row, int col) {
    return HostMemory.ints(matrix)[matrix.layout().index(row, col)];
  }

  /** The number of an element by its place. */
  private interface Formula {
    float at(int row, int col);
  }

  /** A matrix in host memory, element by element. */
  private static final class Rows {
    private final float[] array;
    private final MatrixLayout layout;

    Rows(FloatMatrix matrix) {
      array = HostMemory.floats(matrix);
      layout = matrix.layout();
    }

    int rows() {
      return layout.rows();
    }

    int cols() {
      return layout.cols();
    }

    float get(int row, int col) {
      return array[layout.index(row, col)];
    }

    void set(int row, int col, float value) {
      array[layout.index(row, col)] = value;
    }

    void write(int row, int col, float value, Write write) {
      set(row, col, write == Write.SET ? value : get(row, col) + value);
    }

    void setEach(Formula formula) {
      for (int i = 0; i < rows(); i++) {
        for (int j = 0; j < cols(); j++) {
          set(i, j, formula.at(i, j));
        }
      }
    }

    double dot(int row, Rows other, int otherRow) {
      double sum = 0;
      for (int j = 0; j < cols(); j++) {
        sum += (double) get(row, j) * other.get(otherRow, j);
      }
      return sum;
    }

    void copyRow(float[] to, int offset, int row) {
      System.arraycopy(array, layout.index(row, 0), to, offset, cols());
    }
  }
}
