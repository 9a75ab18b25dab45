package mechinterp.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Random;
import java.util.TreeSet;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Kernels of training beside their naive twins, which are beside the reference in the engine's
 * tests.
 */
class TrainingKernelsTest {
  private static final float NEARLY = 1e-5f;

  /** Codes with rising latents in each row, some rows empty. */
  private static final class Codes {
    final int rows;
    final int capacity;
    final int latents;
    final int[] indices;
    final int[] counts;

    Codes(int rows, int capacity, int latents) {
      this.rows = rows;
      this.capacity = capacity;
      this.latents = latents;
      indices = new int[rows * capacity];
      counts = new int[rows];
      Random random = new Random(rows);
      for (int t = 0; t < rows; t++) {
        TreeSet<Integer> chosen = new TreeSet<>();
        int wanted = random.nextInt(capacity + 1);
        for (int i = 0; i < wanted; i++) {
          chosen.add(random.nextInt(latents));
        }
        for (int latent : chosen) {
          indices[t * capacity + counts[t]++] = latent;
        }
      }
    }
  }

  /** Where entries by latent are on the GPU. */
  private record Order(long starts, long positions) {}

  private static Order naiveOrder(Gpu gpu, Codes codes) {
    Order order =
        new Order(
            gpu.upload(new int[codes.latents + 1]),
            gpu.upload(new int[codes.rows * codes.capacity]));
    gpu.launch(
        "order_by_latent_naive",
        1,
        1,
        new KernelArguments()
            .add(order.positions())
            .add(order.starts())
            .add(codes.latents)
            .add(gpu.upload(codes.indices))
            .add(gpu.upload(codes.counts))
            .add(codes.capacity)
            .add(codes.rows));
    return order;
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1, 1, FORWARD", "23, 5, 300, 7, REVERSE", "40, 40, 9, 40, FORWARD"})
  void entriesByLatentAreTheTwins(
      int rows, int capacity, int latents, int rowsOfPiece, LaunchOrder order) {
    Codes codes = new Codes(rows, capacity, latents);
    Gpu gpu = new Gpu(KernelFamily.ORDER, order);
    Order expected = naiveOrder(gpu, codes);
    int pieces = (rows + rowsOfPiece - 1) / rowsOfPiece;
    long counters = gpu.upload(new int[pieces * latents]);
    long starts = gpu.allocate(latents + 1);
    long positions = gpu.upload(new int[rows * capacity]);
    long indices = gpu.upload(codes.indices);
    long counts = gpu.upload(codes.counts);
    gpu.launch(
        "count_latents",
        pieces,
        32,
        new KernelArguments()
            .add(counters)
            .add(latents)
            .add(indices)
            .add(counts)
            .add(capacity)
            .add(rows)
            .add(rowsOfPiece));
    gpu.launchFor(
        "entries_before",
        latents,
        new KernelArguments().add(counters).add(starts).add(pieces).add(latents));
    gpu.launch("sum_starts", 1, 96, new KernelArguments().add(starts).add(latents + 1));
    gpu.launch(
        "place_entries",
        pieces,
        64,
        new KernelArguments()
            .add(positions)
            .add(starts)
            .add(counters)
            .add(latents)
            .add(indices)
            .add(counts)
            .add(capacity)
            .add(rows)
            .add(rowsOfPiece));
    assertArrayEquals(
        gpu.integers(expected.starts(), latents + 1), gpu.integers(starts, latents + 1));
    assertArrayEquals(
        gpu.integers(expected.positions(), rows * capacity),
        gpu.integers(positions, rows * capacity));
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 0", "19, 33, 1", "3, 300, 0"})
  void sumsOfRowsAreTheTwins(int rows, int columns, int add) {
    Gpu gpu = new Gpu(KernelFamily.ROWS, LaunchOrder.REVERSE);
    float[] before = Gpu.random(columns, 1);
    long x = gpu.upload(Gpu.random(rows * columns, 2));
    long out = gpu.upload(before);
    long twin = gpu.upload(before);
    gpu.launch("sum_rows", (columns + 31) / 32, 256, sums(out, x, rows, columns, add));
    gpu.launchFor("sum_rows_naive", columns, sums(twin, x, rows, columns, add));
    assertArrayEquals(gpu.floats(twin, columns), gpu.floats(out, columns), NEARLY);
  }

  private static KernelArguments sums(long out, long x, int rows, int columns, int add) {
    return new KernelArguments()
        .add(out)
        .add(x)
        .add((long) columns)
        .add(rows)
        .add(columns)
        .add(add);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "33, 7", "70, 130"})
  void stepsOfUnitRowsAreTheTwins(int columns, int rows) {
    Gpu gpu = new Gpu(KernelFamily.OPTIMIZER, LaunchOrder.FORWARD);
    int count = rows * columns;
    float[] squares = Gpu.random(count, 4);
    for (int i = 0; i < count; i++) {
      squares[i] *= squares[i];
    }
    float[] parameters = Gpu.random(count, 1);
    for (int i = 0; i < count; i++) {
      parameters[i] /= (float) Math.sqrt(columns);
    }
    long gradient = gpu.upload(Gpu.random(count, 5));
    long[][] states = new long[2][];
    for (int i = 0; i < 2; i++) {
      states[i] =
          new long[] {
            gpu.upload(parameters), gpu.upload(Gpu.random(count, 2)), gpu.upload(squares)
          };
    }
    gpu.launch("adam_unit_norm", rows, 64, step(states[0], gradient, columns).add(columns));
    gpu.launchFor(
        "adam_unit_norm_naive", rows, step(states[1], gradient, columns).add(rows).add(columns));
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(gpu.floats(states[1][i], count), gpu.floats(states[0][i], count), NEARLY);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 40, 0", "3, 20, 1", "0, 0, 0"})
  void gradientsOfWeightsAreTheTwins(int begin, int end, int add) {
    Codes codes = new Codes(90, 4, 40);
    Gpu orders = new Gpu(KernelFamily.ORDER, LaunchOrder.FORWARD);
    Order order = naiveOrder(orders, codes);
    int[] starts = orders.integers(order.starts(), 41);
    int[] positions = orders.integers(order.positions(), 90 * 4);
    int columns = 45;
    int first = 2;
    int rows = 36;
    Gpu gpu = new Gpu(KernelFamily.OPTIMIZER, LaunchOrder.REVERSE);
    float[] before = Gpu.random(rows * columns, 1);
    long[] outs = {gpu.upload(before), gpu.upload(before)};
    KernelArguments[] arguments = new KernelArguments[2];
    for (int i = 0; i < 2; i++) {
      arguments[i] =
          new KernelArguments()
              .add(outs[i])
              .add((long) columns)
              .add(gpu.upload(starts))
              .add(gpu.upload(positions))
              .add(4)
              .add(gpu.upload(Gpu.random(90 * 4, 2)))
              .add(4L)
              .add(gpu.upload(Gpu.random(90 * columns, 3)))
              .add((long) columns)
              .add(first)
              .add(begin)
              .add(end);
    }
    gpu.launch("sparse_gradient", rows, 32, arguments[0].add(columns).add(add));
    gpu.launchFor(
        "sparse_gradient_naive", rows * columns, arguments[1].add(add).add(rows).add(columns));
    assertArrayEquals(
        gpu.floats(outs[1], rows * columns), gpu.floats(outs[0], rows * columns), NEARLY);
  }

  private static KernelArguments step(long[] state, long gradient, int columns) {
    KernelArguments arguments = new KernelArguments();
    for (long matrix : state) {
      arguments.add(matrix).add((long) columns);
    }
    return arguments
        .add(gradient)
        .add((long) columns)
        .add(1e-2f)
        .add(0.9f)
        .add(0.99f)
        .add(1.5f)
        .add(1e-6f)
        .add(0.5f);
  }
}
