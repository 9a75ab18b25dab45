package mechinterp.cuda;

import static mechinterp.cuda.Close.assertClose;

import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseKernelsTest {
  private static final int ROWS = 5;
  private static final int COLUMNS = 37;
  private static final int SIZE = ROWS * COLUMNS;
  private static final float FACTOR = -1.75f;

  private final float[] a = Gpu.random(SIZE, 1);
  private final float[] b = Gpu.random(SIZE, 2);
  private final float[] row = Gpu.random(COLUMNS, 3);
  private final int[] ids = {4, 0, 0, 3, 1};

  /** What comes between the first matrix and the extent, and the result for element i. */
  private enum Kernel {
    FILL,
    SCALE,
    ADD_SCALED,
    ADD,
    SUBTRACT,
    MULTIPLY,
    ADD_ROW,
    MULTIPLY_ROW,
    GATHER_ROWS
  }

  @ParameterizedTest
  @EnumSource
  void computesItsFormula(Kernel kernel) {
    Gpu gpu = new Gpu(KernelFamily.ELEMENTWISE, LaunchOrder.FORWARD);
    long stride = COLUMNS;
    long out = gpu.upload(b);
    KernelArguments arguments = new KernelArguments().add(out).add(stride);
    if (kernel == Kernel.FILL) {
      arguments.add(FACTOR);
    } else {
      arguments.add(gpu.upload(a)).add(stride);
    }
    switch (kernel) {
      case FILL -> {}
      case SCALE, ADD_SCALED -> arguments.add(FACTOR);
      case ADD, SUBTRACT, MULTIPLY -> arguments.add(out).add(stride);
      case ADD_ROW -> arguments.add(gpu.upload(row)).add(FACTOR);
      case MULTIPLY_ROW -> arguments.add(gpu.upload(row));
      case GATHER_ROWS -> arguments.add(gpu.upload(ids));
    }
    String name = kernel.name().toLowerCase(java.util.Locale.ROOT);
    gpu.launchFor(name, SIZE, arguments.add(ROWS).add(COLUMNS));
    assertClose(expected(kernel), gpu.floats(out, SIZE), 0x1p-23);
  }

  private double[] expected(Kernel kernel) {
    IntToDoubleFunction of =
        switch (kernel) {
          case FILL -> i -> FACTOR;
          case SCALE -> i -> (double) FACTOR * a[i];
          case ADD_SCALED -> i -> b[i] + (double) FACTOR * a[i];
          case ADD -> i -> (double) a[i] + b[i];
          case SUBTRACT -> i -> (double) a[i] - b[i];
          case MULTIPLY -> i -> (double) a[i] * b[i];
          case ADD_ROW -> i -> a[i] + (double) FACTOR * row[i % COLUMNS];
          case MULTIPLY_ROW -> i -> (double) a[i] * row[i % COLUMNS];
          case GATHER_ROWS -> i -> a[ids[i / COLUMNS] * COLUMNS + i % COLUMNS];
        };
    double[] all = new double[SIZE];
    java.util.Arrays.setAll(all, of);
    return all;
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3"})
  void activationFunctionsAndTheirDerivatives(int function) {
    Gpu gpu = new Gpu(KernelFamily.ELEMENTWISE, LaunchOrder.REVERSE);
    float[] x = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      x[i] = (i - SIZE / 2) * 0.1f;
    }
    long input = gpu.upload(x);
    long out = gpu.allocate(SIZE);
    long stride = COLUMNS;
    KernelArguments forward =
        new KernelArguments().add(out).add(stride).add(input).add(stride).add(function);
    gpu.launchFor("activate", SIZE, forward.add(ROWS).add(COLUMNS));
    KernelArguments backward =
        new KernelArguments().add(input).add(stride).add(gpu.upload(a)).add(stride);
    backward.add(input).add(stride).add(function).add(ROWS).add(COLUMNS);
    gpu.launchFor("activate_backward", SIZE, backward);

    DoubleUnaryOperator f = function(function);
    double[] values = new double[SIZE];
    double[] gradients = new double[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = f.applyAsDouble(x[i]);
      double h = 1e-5;
      double slope = (f.applyAsDouble(x[i] + h) - f.applyAsDouble(x[i] - h)) / (2 * h);
      gradients[i] = a[i] * (function == 3 && x[i] == 0 ? 0 : slope);
    }
    assertClose(values, gpu.floats(out, SIZE), 1e-6);
    assertClose(gradients, gpu.floats(input, SIZE), 5e-6);
  }

  private static DoubleUnaryOperator function(int number) {
    return switch (number) {
      case 0 -> x -> x * normalDistribution(x);
      case 1 -> x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case 2 -> x -> x / (1 + Math.exp(-x));
      default -> x -> Math.max(x, 0);
    };
  }

  /** Phi(x), by the trapezoidal rule from -12, where nothing is left. */
  private static double normalDistribution(double x) {
    int steps = 4000;
    double width = (x + 12) / steps;
    double sum = 0;
    for (int i = 0; i <= steps; i++) {
      double at = -12 + i * width;
      sum += Math.exp(-at * at / 2) * (i == 0 || i == steps ? 0.5 : 1);
    }
    return sum * width / Math.sqrt(2 * Math.PI);
  }
}
