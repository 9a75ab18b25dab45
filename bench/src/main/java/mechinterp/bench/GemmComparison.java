package mechinterp.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.WorkerPool;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Matrix products and fused encoding against OpenBLAS in one process, round by round in turn, with
 * the FMA peak measured between them. Two noisy cores drift by tens of per cent within minutes:
 * only ratios within a round mean something, and their medians are printed.
 */
public final class GemmComparison {
  private static final long WARM_UP_NANOS = 2_500_000_000L;

  private final int rounds;
  private final Device device;
  private final FmaProbe probe;
  private final Optional<OpenBlas> openBlas;

  private GemmComparison(int threads, int rounds) {
    this.rounds = rounds;
    device = CpuDevice.vector(threads);
    probe = new FmaProbe(new WorkerPool(threads));
    openBlas = OpenBlas.find(threads);
  }

  /** Runs with the threads and the rounds given as arguments, by default 2 and 11. */
  public static void main(String[] arguments) {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 11;
    new GemmComparison(threads, rounds).run();
  }

  private void run() {
    System.out.printf(
        "%s; OpenBLAS %s; %d rounds; medians%n",
        device.name(), openBlas.map(OpenBlas::coreType).orElse("not installed"), rounds);
    for (int latents : new int[] {8192, 32768}) {
      encode(1024, 768, latents);
    }
    encode(64, 768, 32768);
    square(1024);
    square(2048);
    device.close();
  }

  /** A way to do the work that is compared, and what was measured of it in each round. */
  private static final class Contender {
    private final String name;
    private final Runnable work;
    private final List<Double> speeds = new ArrayList<>();
    private final List<Double> shares = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();

    Contender(String name, Runnable work) {
      this.name = name;
      this.work = work;
    }

    void warmUp() {
      long end = System.nanoTime() + WARM_UP_NANOS;
      while (System.nanoTime() < end) {
        work.run();
      }
    }

    double nanos() {
      long start = System.nanoTime();
      work.run();
      return System.nanoTime() - start;
    }
  }

  private void encode(int tokens, int d, int latents) {
    Kernels kernels = device.kernels();
    FloatMatrix x = gaussian(tokens, d, "x");
    FloatMatrix weights = gaussian(latents, d, "weights");
    FloatMatrix bias = device.floats(1, latents);
    FloatMatrix out = device.floats(tokens, latents);
    PackedMatrix packed = kernels.allocatePacked(d, latents);
    kernels.pack(packed, weights, Operand.TRANSPOSED);
    List<Contender> contenders = new ArrayList<>();
    addOpenBlas(contenders, x, weights, true, tokens, latents, d);
    contenders.add(new Contender("product, packed", () -> kernels.matmulPacked(out, x, packed)));
    for (int k : new int[] {32, 128}) {
      SparseCodes codes =
          new SparseCodes(
              device.ints(tokens, k), device.floats(tokens, k), device.ints(tokens, 1), latents);
      contenders.add(
          new Contender("encode + top-" + k, () -> kernels.encodeTopK(codes, x, packed, bias, k)));
    }
    compare(
        "[%d x %d] x [%d x %d]".formatted(tokens, d, d, latents),
        contenders,
        2.0 * tokens * d * latents);
  }

  private void square(int size) {
    Kernels kernels = device.kernels();
    FloatMatrix a = gaussian(size, size, "a");
    FloatMatrix b = gaussian(size, size, "b");
    FloatMatrix out = device.floats(size, size);
    List<Contender> contenders = new ArrayList<>();
    addOpenBlas(contenders, a, b, false, size, size, size);
    contenders.add(
        new Contender(
            "product, packing timed",
            () -> kernels.matmul(out, a, Operand.AS_IS, b, Operand.AS_IS, Write.SET)));
    compare(size + "^3", contenders, 2.0 * size * size * size);
  }

  private FloatMatrix gaussian(int rows, int cols, String name) {
    float[] values = new float[rows * cols];
    RandomStream.of(1, name).fillGaussian(values, 0, 1);
    return device.matrix(rows, cols, values);
  }

  private void addOpenBlas(
      List<Contender> contenders,
      FloatMatrix a,
      FloatMatrix b,
      boolean transposedB,
      int m,
      int n,
      int k) {
    openBlas.ifPresent(blas -> {
      MemorySegment left = nativeCopy(a);
      MemorySegment right = nativeCopy(b);
      MemorySegment out = Arena.ofAuto().allocate(4L * m * n, 64);
      contenders.add(
          new Contender("OpenBLAS", () -> blas.multiply(out, left, right, transposedB, m, n, k)));
    });
  }

  private MemorySegment nativeCopy(FloatMatrix matrix) {
    MemorySegment copy = Arena.ofAuto().allocate(4L * matrix.size(), 64);
    MemorySegment.copy(
        device.toHost(matrix), 0, copy, ValueLayout.JAVA_FLOAT, 0, (int) matrix.size());
    return copy;
  }

  private void compare(String shape, List<Contender> contenders, double operations) {
    contenders.forEach(Contender::warmUp);
    List<Double> peaks = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      double before = probe.gigaflops();
      for (Contender contender : contenders) {
        double speed = operations / contender.nanos();
        double after = probe.gigaflops();
        double peak = Math.max(before, after);
        before = after;
        peaks.add(peak);
        contender.speeds.add(speed);
        contender.shares.add(speed / peak);
        contender.ratios.add(speed / contenders.getFirst().speeds.getLast());
      }
    }
    System.out.printf("%s, FMA peak %.0f GFLOP/s%n", shape, median(peaks));
    for (Contender contender : contenders) {
      System.out.printf(
          "  %-24s %6.0f GFLOP/s  %5.1f %% of peak  %5.3f x %s%n",
          contender.name,
          median(contender.speeds),
          100 * median(contender.shares),
          median(contender.ratios),
          contenders.getFirst().name);
    }
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
