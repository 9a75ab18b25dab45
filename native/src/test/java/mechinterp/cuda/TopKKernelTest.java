package mechinterp.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopKKernelTest {
  private static final int ROWS = 3;

  @SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
  private record Codes(int[] indices, float[] values, int[] counts) {}

  @ParameterizedTest
  @CsvSource({
    "1, 1, 64, FORWARD",
    "31, 5, 32, FORWARD",
    "33, 33, 64, REVERSE",
    "257, 16, 96, FORWARD",
    "300, 7, 256, REVERSE",
    "300, 7, 256, FORWARD"
  })
  void findsTheLargestWithTiesToTheLowestIndex(int columns, int k, int threads, LaunchOrder order) {
    int stride = columns + 3;
    float[] x = withManyTies(ROWS * stride, columns);
    float[] bias = withManyTies(columns, columns + 1);
    Codes expected = expected(x, stride, bias, columns, k);
    for (boolean naive : new boolean[] {false, true}) {
      Codes codes = run(naive, x, stride, bias, columns, k, threads, order);
      assertArrayEquals(expected.counts(), codes.counts());
      assertArrayEquals(expected.indices(), codes.indices());
      assertArrayEquals(expected.values(), codes.values());
    }
  }

  @ParameterizedTest
  @CsvSource({"FORWARD", "REVERSE"})
  void extremesAreInOrder(LaunchOrder order) {
    float inf = Float.POSITIVE_INFINITY;
    float[] row = {
      Float.NaN, -inf, inf, Float.MIN_VALUE, 0f, -0f, Float.MAX_VALUE, -1f, inf, 1f, Math.nextUp(1f)
    };
    float[] x = new float[ROWS * row.length];
    for (int t = 0; t < ROWS; t++) {
      System.arraycopy(row, 0, x, t * row.length, row.length);
    }
    Codes codes = run(false, x, row.length, new float[row.length], row.length, 5, 32, order);
    assertArrayEquals(new int[] {2, 6, 8, 9, 10, 0, 0}, Arrays.copyOf(codes.indices(), 7));
  }

  private static float[] withManyTies(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextInt(17) - 8) * 0.25f;
    }
    return values;
  }

  private static Codes run(
      boolean naive,
      float[] x,
      int stride,
      float[] bias,
      int columns,
      int k,
      int threads,
      LaunchOrder order) {
    Gpu gpu = new Gpu(KernelFamily.TOPK, order);
    int capacity = k + 2;
    long indices = gpu.allocate(ROWS * capacity);
    long values = gpu.allocate(ROWS * capacity);
    long counts = gpu.allocate(ROWS);
    KernelArguments arguments =
        new KernelArguments().add(gpu.upload(x)).add((long) stride).add(gpu.upload(bias));
    if (naive) {
      arguments.add(ROWS);
    }
    arguments.add(columns).add(k).add(indices).add(values).add(counts).add(capacity);
    if (naive) {
      gpu.launchFor("topk_rows_naive", ROWS, arguments);
    } else {
      gpu.launch("topk_rows", ROWS, threads, arguments);
    }
    return new Codes(
        gpu.integers(indices, ROWS * capacity),
        gpu.floats(values, ROWS * capacity),
        gpu.integers(counts, ROWS));
  }

  private static Codes expected(float[] x, int stride, float[] bias, int columns, int k) {
    int capacity = k + 2;
    Codes codes = new Codes(new int[ROWS * capacity], new float[ROWS * capacity], new int[ROWS]);
    for (int t = 0; t < ROWS; t++) {
      int row = t;
      int[] best =
          IntStream.range(0, columns)
              .boxed()
              .filter(i -> x[row * stride + i] + bias[i] > 0)
              .sorted((a, b) ->
                  Float.compare(x[row * stride + b] + bias[b], x[row * stride + a] + bias[a]))
              .limit(k)
              .mapToInt(i -> i)
              .sorted()
              .toArray();
      codes.counts()[t] = best.length;
      for (int slot = 0; slot < best.length; slot++) {
        codes.indices()[t * capacity + slot] = best[slot];
        codes.values()[t * capacity + slot] = x[t * stride + best[slot]] + bias[best[slot]];
      }
    }
    return codes;
  }
}
