package mechinterp.cuda;

import static mechinterp.cuda.Close.assertClose;

import java.util.Arrays;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Norms and softmax, beside the formulas in double. */
class RowKernelsTest {
  private static final int ROWS = 3;
  private static final float EPSILON = 1e-5f;

  @ParameterizedTest
  @CsvSource({
    "1, 32, 1, FORWARD",
    "31, 64, 1, REVERSE",
    "97, 96, 0, FORWARD",
    "300, 128, 1, FORWARD",
    "300, 128, 0, REVERSE"
  })
  void normalises(int columns, int threads, int centered, LaunchOrder order) {
    float[] x = Gpu.random(ROWS * columns, 1);
    float[] gain = Gpu.random(columns, 2);
    float[] bias = Gpu.random(columns, 3);
    double[] scales = new double[ROWS];
    double[] expected = new double[ROWS * columns];
    for (int t = 0; t < ROWS; t++) {
      double[] row = row(x, t, columns);
      double mean = centered == 1 ? Arrays.stream(row).average().orElseThrow() : 0;
      double squares = Arrays.stream(row).map(v -> (v - mean) * (v - mean)).sum();
      scales[t] = Math.sqrt(squares / columns + EPSILON);
      for (int j = 0; j < columns; j++) {
        expected[t * columns + j] = (row[j] - mean) / scales[t] * gain[j] + bias[j];
      }
    }
    for (boolean naive : new boolean[] {false, true}) {
      Gpu gpu = new Gpu(KernelFamily.NORMS, order);
      long input = gpu.upload(x);
      long scale = gpu.allocate(ROWS);
      KernelArguments ofScale = new KernelArguments().add(scale).add(input).add((long) columns);
      launch(
          gpu, "norm_scale", naive, threads, ofScale, columns, a -> a.add(EPSILON).add(centered));
      assertClose(scales, gpu.floats(scale, ROWS), 1e-6);
      KernelArguments ofNorm =
          new KernelArguments()
              .add(input)
              .add((long) columns)
              .add(input)
              .add((long) columns)
              .add(scale)
              .add(gpu.upload(gain))
              .add(gpu.upload(bias));
      launch(gpu, "norm", naive, threads, ofNorm, columns, a -> a.add(centered));
      double tolerance = columns == 1 ? 1e-4 : 2e-6; // one column less its mean is nothing
      assertClose(expected, gpu.floats(input, ROWS * columns), tolerance);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 32, FORWARD", "31, 64, REVERSE", "257, 96, FORWARD", "257, 96, REVERSE"})
  void softmaxAndItsGradient(int columns, int threads, LaunchOrder order) {
    float[] x = Gpu.random(ROWS * columns, 4);
    x[columns / 2] = columns > 1 ? Float.NEGATIVE_INFINITY : 0;
    float[] dy = Gpu.random(ROWS * columns, 5);
    double[] y = new double[ROWS * columns];
    double[] dx = new double[ROWS * columns];
    for (int t = 0; t < ROWS; t++) {
      double[] row = row(x, t, columns);
      double max = Arrays.stream(row).max().orElseThrow();
      double sum = Arrays.stream(row).map(v -> Math.exp(v - max)).sum();
      double along = 0;
      for (int j = 0; j < columns; j++) {
        y[t * columns + j] = Math.exp(row[j] - max) / sum;
        along += y[t * columns + j] * dy[t * columns + j];
      }
      for (int j = 0; j < columns; j++) {
        dx[t * columns + j] = y[t * columns + j] * (dy[t * columns + j] - along);
      }
    }
    long stride = columns;
    for (boolean naive : new boolean[] {false, true}) {
      Gpu gpu = new Gpu(KernelFamily.SOFTMAX, order);
      long out = gpu.allocate(ROWS * columns);
      KernelArguments forward =
          new KernelArguments().add(out).add(stride).add(gpu.upload(x)).add(stride);
      launch(gpu, "softmax", naive, threads, forward, columns, a -> {});
      assertClose(y, gpu.floats(out, ROWS * columns), 5e-7);
      long gradient = gpu.allocate(ROWS * columns);
      KernelArguments backward =
          new KernelArguments()
              .add(gradient)
              .add(stride)
              .add(gpu.upload(dy))
              .add(stride)
              .add(out)
              .add(stride);
      launch(gpu, "softmax_backward", naive, threads, backward, columns, a -> {});
      assertClose(dx, gpu.floats(gradient, ROWS * columns), 1e-6);
    }
  }

  /** A block a row, or of the naive twin a thread a row. */
  private static void launch(
      Gpu gpu,
      String kernel,
      boolean naive,
      int threads,
      KernelArguments arguments,
      int columns,
      java.util.function.Consumer<KernelArguments> rest) {
    if (naive) {
      arguments.add(ROWS);
    }
    arguments.add(columns);
    rest.accept(arguments);
    if (naive) {
      gpu.launchFor(kernel + "_naive", ROWS, arguments);
    } else {
      gpu.launch(kernel, ROWS, threads, arguments);
    }
  }

  private static double[] row(float[] x, int t, int columns) {
    double[] row = new double[columns];
    for (int j = 0; j < columns; j++) {
      row[j] = x[t * columns + j];
    }
    return row;
  }
}
