package mechinterp.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparseKernelsTest {
  private static final int ROWS = 3;
  private static final int LATENTS = 50;

  /**
   * Codes of three rows, the last of them empty, and a decoder whose rows lie {@code stride} apart.
   */
  private record Case(int capacity, int columns, int stride, LaunchOrder order) {
    int[] counts() {
      return new int[] {capacity, capacity / 2, 0};
    }

    int[] indices() {
      Random random = new Random(columns);
      return random.ints((long) ROWS * capacity, 0, LATENTS).toArray();
    }

    float[] values() {
      return Gpu.random(ROWS * capacity, 1);
    }

    float[] decoder() {
      return Gpu.random(LATENTS * stride, 2);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "4, 1, 1, FORWARD",
    "7, 33, 35, REVERSE",
    "5, 132, 136, FORWARD",
    "5, 132, 136, REVERSE",
    "131, 300, 300, FORWARD"
  })
  void decodesWithAndWithoutVectors(int capacity, int columns, int stride, LaunchOrder order) {
    Case c = new Case(capacity, columns, stride, order);
    float[] bias = Gpu.random(columns, 3);
    for (boolean naive : new boolean[] {false, true}) {
      Gpu gpu = new Gpu(KernelFamily.SPARSE, order);
      long out = gpu.allocate(ROWS * stride);
      KernelArguments arguments =
          new KernelArguments()
              .add(out)
              .add((long) stride)
              .add(gpu.upload(c.indices()))
              .add(gpu.upload(c.values()))
              .add(gpu.upload(c.counts()))
              .add(capacity)
              .add(gpu.upload(c.decoder()))
              .add((long) stride)
              .add(gpu.upload(bias));
      if (naive) {
        gpu.launchFor("decode_naive", ROWS * columns, arguments.add(ROWS).add(columns));
      } else {
        gpu.launch("decode", ROWS, 64, arguments.add(columns));
      }
      checkDecoded(c, bias, gpu.floats(out, ROWS * stride));
    }
  }

  private static void checkDecoded(Case c, float[] bias, float[] out) {
    for (int t = 0; t < ROWS; t++) {
      for (int j = 0; j < c.columns(); j++) {
        double sum = bias[j];
        double absolute = Math.abs(bias[j]);
        for (int slot = 0; slot < c.counts()[t]; slot++) {
          int code = t * c.capacity() + slot;
          double term = (double) c.values()[code] * c.decoder()[c.indices()[code] * c.stride() + j];
          sum += term;
          absolute += Math.abs(term);
        }
        double bound = 4 * (c.capacity() + 1) * 0x1p-24 * absolute;
        assertEquals(sum, out[t * c.stride() + j], bound, t + ", " + j);
      }
      for (int j = c.columns(); j < c.stride(); j++) {
        assertEquals(0, out[t * c.stride() + j], "beyond the columns nothing is written");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 1, 1, FORWARD", "7, 33, 35, REVERSE", "5, 132, 136, FORWARD"})
  void gradientsOfCodesAreProductsWithTheDecoder(
      int capacity, int columns, int stride, LaunchOrder order) {
    Case c = new Case(capacity, columns, stride, order);
    float[] gradient = Gpu.random(ROWS * columns, 4);
    for (boolean naive : new boolean[] {false, true}) {
      Gpu gpu = new Gpu(KernelFamily.SPARSE, order);
      long out = gpu.allocate(ROWS * capacity);
      KernelArguments arguments =
          new KernelArguments()
              .add(out)
              .add((long) capacity)
              .add(gpu.upload(c.indices()))
              .add(gpu.upload(c.counts()))
              .add(capacity)
              .add(gpu.upload(gradient))
              .add((long) columns)
              .add(gpu.upload(c.decoder()))
              .add((long) stride);
      if (naive) {
        gpu.launchFor("code_gradients_naive", ROWS * capacity, arguments.add(ROWS).add(columns));
      } else {
        gpu.launch("code_gradients", ROWS, 96, arguments.add(columns));
      }
      checkGradients(c, gradient, gpu.floats(out, ROWS * capacity));
    }
  }

  private static void checkGradients(Case c, float[] gradient, float[] out) {
    for (int t = 0; t < ROWS; t++) {
      for (int slot = 0; slot < c.capacity(); slot++) {
        int code = t * c.capacity() + slot;
        double sum = 0;
        double absolute = 0;
        for (int j = 0; slot < c.counts()[t] && j < c.columns(); j++) {
          double term =
              (double) gradient[t * c.columns() + j]
                  * c.decoder()[c.indices()[code] * c.stride() + j];
          sum += term;
          absolute += Math.abs(term);
        }
        assertEquals(sum, out[code], 4 * c.columns() * 0x1p-24 * absolute, t + ", " + slot);
      }
    }
  }
}
