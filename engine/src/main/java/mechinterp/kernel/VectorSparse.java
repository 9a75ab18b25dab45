package mechinterp.kernel;

import java.util.Arrays;
import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * Decoding, gradients and optimizer steps that touch only the rows of active latents, row by row in
 * the cache.
 */
final class VectorSparse implements OptimizerKernels {
  private static final int TOKENS_PER_TASK = 16;
  private static final int LATENTS_PER_TASK = 64;

  private final WorkerPool workers;
  private final ThreadLocal<float[]> gradients = ThreadLocal.withInitial(() -> new float[0]);

  VectorSparse(WorkerPool workers) {
    this.workers = workers;
  }

  void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    workers.runRows(codes.rows(), TOKENS_PER_TASK, t -> decodeRow(out, t, codes, decoder, bias));
  }

  private static void decodeRow(
      FloatMatrix out, int t, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    float[] to = HostMemory.floats(out);
    int at = out.layout().index(t, 0);
    int width = out.cols();
    int[] indices = HostMemory.ints(codes.indices());
    int indicesAt = codes.indices().layout().index(t, 0);
    float[] values = HostMemory.floats(codes.values());
    int valuesAt = codes.values().layout().index(t, 0);
    MatrixLayout rows = decoder.layout();
    System.arraycopy(HostMemory.floats(bias), bias.layout().offset(), to, at, width);
    RowLoops.addRows(
        to,
        at,
        width,
        count(codes, t),
        slot -> values[valuesAt + slot],
        HostMemory.floats(decoder),
        slot -> rows.index(indices[indicesAt + slot], 0));
  }

  private static int count(SparseCodes codes, int t) {
    return HostMemory.ints(codes.counts())[codes.counts().layout().index(t, 0)];
  }

  void codeGradients(FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    workers.runRows(
        codes.rows(), TOKENS_PER_TASK, t -> codeGradientsOf(out, t, codes, dOut, decoder));
  }

  private static void codeGradientsOf(
      FloatMatrix out, int t, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    float[] to = HostMemory.floats(out);
    int at = out.layout().index(t, 0);
    int[] indices = HostMemory.ints(codes.indices());
    int indicesAt = codes.indices().layout().index(t, 0);
    float[] gradient = HostMemory.floats(dOut);
    int gradientAt = dOut.layout().index(t, 0);
    int count = count(codes, t);
    for (int slot = 0; slot < count; slot++) {
      int row = decoder.layout().index(indices[indicesAt + slot], 0);
      to[at + slot] =
          RowLoops.dot(HostMemory.floats(decoder), row, gradient, gradientAt, dOut.cols());
    }
    Arrays.fill(to, at + count, at + out.cols(), 0);
  }

  void latentSums(FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    int[] starts = HostMemory.ints(order.starts());
    int startsAt = order.starts().layout().offset();
    float[] to = HostMemory.floats(out);
    int at = out.layout().offset();
    workers.runRows(
        order.latents(),
        LATENTS_PER_TASK,
        f -> {
          float sum = 0;
          for (int e = starts[startsAt + f]; e < starts[startsAt + f + 1]; e++) {
            sum += coefficient(order, coefficients, e);
          }
          to[at + f] = write == Write.SET ? sum : to[at + f] + sum;
        });
  }

  private static int position(LatentOrder order, int entry) {
    return HostMemory.ints(order.positions())[order.positions().layout().offset() + entry];
  }

  private static float coefficient(LatentOrder order, FloatMatrix coefficients, int entry) {
    int position = position(order, entry);
    MatrixLayout layout = coefficients.layout();
    return HostMemory.floats(coefficients)[
        layout.index(position / order.capacity(), position % order.capacity())];
  }

  void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    float[] to = HostMemory.floats(out);
    workers.runRows(
        out.rows(),
        LATENTS_PER_TASK,
        f -> {
          int at = out.layout().index(f, 0);
          Arrays.fill(to, at, at + out.cols(), 0);
          terms.forEach(term -> addGradient(to, at, term, f));
        });
  }

  /** Adds row f of a term to the row at {@code at}. */
  private static void addGradient(float[] to, int at, SparseOuterProduct term, int f) {
    if (!term.covers(f)) {
      return;
    }
    LatentOrder order = term.order();
    int[] starts = HostMemory.ints(order.starts());
    int first = starts[order.starts().layout().offset() + f];
    int terms = starts[order.starts().layout().offset() + f + 1] - first;
    MatrixLayout rows = term.rows().layout();
    RowLoops.addRows(
        to,
        at,
        rows.cols(),
        terms,
        t -> coefficient(order, term.coefficients(), first + t),
        HostMemory.floats(term.rows()),
        t -> rows.index(position(order, first + t) / order.capacity(), 0));
  }

  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    workers.runRows(
        p.rows(),
        LATENTS_PER_TASK,
        f -> {
          float[] gradient = gradientRow(p, terms, constraint, f);
          adamRow(p, m, v, f, gradient, 0, step);
          if (constraint == RowConstraint.UNIT_NORM) {
            normalize(HostMemory.floats(p), p.layout().index(f, 0), p.cols());
          }
        });
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    float[] to = HostMemory.floats(out);
    workers.runRows(
        p.rows(),
        LATENTS_PER_TASK,
        f -> {
          float[] gradient = gradientRow(p, terms, constraint, f);
          to[out.layout().index(f, 0)] = RowLoops.dot(gradient, 0, gradient, 0, p.cols());
        });
  }

  /** Returns the gradient of row f, in an array of this thread that may be longer. */
  private float[] gradientRow(
      FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint, int f) {
    float[] gradient = rowOfThread(p.cols());
    Arrays.fill(gradient, 0, p.cols(), 0);
    terms.forEach(term -> addGradient(gradient, 0, term, f));
    if (constraint == RowConstraint.UNIT_NORM) {
      project(gradient, HostMemory.floats(p), p.layout().index(f, 0), p.cols());
    }
    return gradient;
  }

  private float[] rowOfThread(int length) {
    float[] row = gradients.get();
    if (row.length < length) {
      row = new float[length];
      gradients.set(row);
    }
    return row;
  }

  private static void project(float[] gradient, float[] rows, int at, int length) {
    float parallel = RowLoops.dot(gradient, 0, rows, at, length);
    RowLoops.addScaled(gradient, 0, gradient, 0, rows, at, length, -parallel);
  }

  private static void normalize(float[] rows, int at, int length) {
    float norm = (float) Math.sqrt(RowLoops.dot(rows, at, rows, at, length));
    RowLoops.scale(rows, at, rows, at, length, norm == 0 ? 0 : 1 / norm);
  }

  void normalizeRows(FloatMatrix out, FloatMatrix x) {
    workers.runRows(
        x.rows(),
        LATENTS_PER_TASK,
        i -> {
          int at = out.layout().index(i, 0);
          System.arraycopy(
              HostMemory.floats(x), x.layout().index(i, 0), HostMemory.floats(out), at, x.cols());
          normalize(HostMemory.floats(out), at, x.cols());
        });
  }

  @Override
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    workers.runRows(
        p.rows(),
        LATENTS_PER_TASK,
        f -> adamRow(p, m, v, f, HostMemory.floats(gradient), gradient.layout().index(f, 0), step));
  }

  private static void adamRow(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      int row,
      float[] gradient,
      int gradientAt,
      AdamStep step) {
    AdamLoop.update(
        HostMemory.floats(p),
        p.layout().index(row, 0),
        HostMemory.floats(m),
        m.layout().index(row, 0),
        HostMemory.floats(v),
        v.layout().index(row, 0),
        gradient,
        gradientAt,
        p.cols(),
        step);
  }
}
