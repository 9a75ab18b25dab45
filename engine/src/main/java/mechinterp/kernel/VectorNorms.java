package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;

/** The norms of {@link VectorKernels}, row by row. */
final class VectorNorms {
  private final WorkerPool workers;

  VectorNorms(WorkerPool workers) {
    this.workers = workers;
  }

  void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    workers.forEachRow(
        x,
        row -> {
          float[] from = HostMemory.floats(x);
          int at = x.layout().index(row, 0);
          float squares = RowLoops.sumOfSquares(from, at, x.cols(), center(x, row, norm));
          set(scale, row, (float) Math.sqrt(squares / x.cols() + epsilon));
        });
  }

  /** Returns what is subtracted from a row: its mean, or 0. */
  private static float center(FloatMatrix x, int row, Norm norm) {
    return switch (norm) {
      case LAYER ->
          RowLoops.sum(HostMemory.floats(x), x.layout().index(row, 0), x.cols()) / x.cols();
      case RMS -> 0;
    };
  }

  private static float get(FloatMatrix column, int row) {
    return HostMemory.floats(column)[column.layout().index(row, 0)];
  }

  private static void set(FloatMatrix column, int row, float value) {
    HostMemory.floats(column)[column.layout().index(row, 0)] = value;
  }

  void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    workers.forEachRow(
        x,
        row ->
            NormLoops.standardize(
                HostMemory.floats(out),
                out.layout().index(row, 0),
                HostMemory.floats(x),
                x.layout().index(row, 0),
                x.cols(),
                center(x, row, norm),
                1 / get(scale, row),
                HostMemory.floats(gain),
                gain.layout().offset(),
                HostMemory.floats(bias),
                bias.layout().offset()));
  }

  void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm) {
    float[] gradients = HostMemory.floats(dy);
    float[] gains = HostMemory.floats(gain);
    int gainAt = gain.layout().offset();
    int cols = x.cols();
    workers.forEachRow(
        x,
        row -> {
          int dyAt = dy.layout().index(row, 0);
          float divisor = get(scale, row);
          float along =
              NormLoops.sumOfProducts(
                  gradients,
                  dyAt,
                  gains,
                  gainAt,
                  HostMemory.floats(x),
                  x.layout().index(row, 0),
                  cols,
                  center(x, row, norm));
          float mean =
              switch (norm) {
                case LAYER -> RowLoops.dot(gradients, dyAt, gains, gainAt, cols) / cols;
                case RMS -> 0;
              };
          NormLoops.centerProduct(
              HostMemory.floats(dx),
              dx.layout().index(row, 0),
              gradients,
              dyAt,
              gains,
              gainAt,
              cols,
              mean,
              1 / divisor);
          set(dScale, row, -along / (divisor * divisor));
        });
  }

  void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    workers.forEachRow(
        x,
        row ->
            NormLoops.addCentered(
                HostMemory.floats(dx),
                dx.layout().index(row, 0),
                HostMemory.floats(x),
                x.layout().index(row, 0),
                x.cols(),
                center(x, row, norm),
                get(dScale, row) / (x.cols() * get(scale, row))));
  }

  void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    float[] centers = new float[x.rows()];
    workers.forEachRow(x, row -> centers[row] = center(x, row, norm));
    float[] sums = HostMemory.floats(dGain);
    workers.forEachColumnBlock(
        x.cols(),
        (first, width) -> {
          int at = dGain.layout().index(0, first);
          if (write == Write.SET) {
            Arrays.fill(sums, at, at + width, 0);
          }
          for (int row = 0; row < x.rows(); row++) {
            NormLoops.addCenteredProduct(
                sums,
                at,
                HostMemory.floats(dy),
                dy.layout().index(row, first),
                HostMemory.floats(x),
                x.layout().index(row, first),
                width,
                centers[row],
                1 / get(scale, row));
          }
        });
  }
}
