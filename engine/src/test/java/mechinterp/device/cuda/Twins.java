package mechinterp.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.function.Supplier;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The scalar reference and a simulated GPU behind the bindings, with the same numbers on both.
 * Matrices are views of something wider, whose other numbers nobody may touch.
 */
final class Twins implements AutoCloseable {
  private static final int MARGIN = 3;

  final EmulatedDriver driver;
  final CpuDevice cpu = CpuDevice.scalar();
  final CudaDevice gpu;
  private final RandomStream random = RandomStream.of(5, "twins");
  private long drawn;

  Twins(SimulatedGpu form) {
    driver = new EmulatedDriver(form);
    gpu = CudaDevice.open(0, driver.cuda(), driver.cublas());
  }

  /** A matrix on both devices. */
  record Floats(
      FloatMatrix onCpu, FloatMatrix onGpu, FloatMatrix wholeOnCpu, FloatMatrix wholeOnGpu) {}

  /** Integers on both devices. */
  record Ints(IntMatrix onCpu, IntMatrix onGpu) {}

  /** Codes on both devices. */
  record Codes(SparseCodes onCpu, SparseCodes onGpu) {}

  /** Normal numbers with a margin. */
  Floats gaussian(int rows, int cols) {
    return floats(rows, cols, rows == 0 ? 0 : MARGIN, () -> (float) random.gaussian(drawn++));
  }

  /** Multiples of one half, among which many are equal. */
  Floats halves(int rows, int cols) {
    return floats(rows, cols, MARGIN, () -> Math.round(2 * random.gaussian(drawn++)) / 2f);
  }

  /** A row, which has no margin between rows. */
  Floats row(int cols) {
    return gaussian(1, cols);
  }

  Floats floats(int rows, int cols, int margin, Supplier<Float> numbers) {
    float[] values = new float[rows * (cols + 2 * margin)];
    Arrays.fill(values, -77);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        values[i * (cols + 2 * margin) + margin + j] = numbers.get();
      }
    }
    FloatMatrix onCpu = cpu.matrix(rows, cols + 2 * margin, values);
    FloatMatrix onGpu = gpu.matrix(rows, cols + 2 * margin, values);
    return new Floats(
        onCpu.columnRange(margin, margin + cols),
        onGpu.columnRange(margin, margin + cols),
        onCpu,
        onGpu);
  }

  Ints ints(int... values) {
    return new Ints(cpu.matrix(1, values.length, values), gpu.matrix(1, values.length, values));
  }

  /**
   * Empty codes.
   *
   * @param margin slots on both sides of each row that are not part of them
   */
  Codes codes(int rows, int capacity, int latents, int margin) {
    Floats values = floats(rows, capacity, margin, () -> -5f);
    int wide = capacity + 2 * margin;
    return new Codes(
        new SparseCodes(
            cpu.ints(rows, wide).columnRange(margin, margin + capacity),
            values.onCpu(),
            cpu.ints(rows, 1 + margin).columnRange(0, 1),
            latents),
        new SparseCodes(
            gpu.ints(rows, wide).columnRange(margin, margin + capacity),
            values.onGpu(),
            gpu.ints(rows, 1 + margin).columnRange(0, 1),
            latents));
  }

  /** Each number within {@code tolerance} times the larger of 1 and its size; the margin equal. */
  void assertClose(Floats numbers, double tolerance) {
    assertClose(numbers.wholeOnCpu(), numbers.wholeOnGpu(), tolerance);
  }

  void assertClose(FloatMatrix onCpu, FloatMatrix onGpu, double tolerance) {
    float[] expected = cpu.toHost(onCpu);
    float[] found = gpu.toHost(onGpu);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], found[i], allowed, "number " + i);
    }
  }

  /** The same latents, and activations within the tolerance. */
  void assertClose(Codes codes, double tolerance) {
    assertArrayEquals(
        cpu.toHost(codes.onCpu().counts()), gpu.toHost(codes.onGpu().counts()), "counts");
    assertArrayEquals(
        cpu.toHost(codes.onCpu().indices()), gpu.toHost(codes.onGpu().indices()), "indices");
    assertClose(codes.onCpu().values(), codes.onGpu().values(), tolerance);
  }

  @Override
  public void close() {
    gpu.close();
    cpu.close();
  }
}
