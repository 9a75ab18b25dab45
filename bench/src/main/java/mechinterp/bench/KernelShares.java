package mechinterp.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.WorkerPool;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * What share of the FMA peak the kernels of transformers reach on one thread, measured in turn with
 * the peak by the thread's processor time: the figures hold on a machine that others use too. The
 * multiply-adds of scores that causality masks are not counted.
 */
public final class KernelShares {
  private static final long WARM_UP_NANOS = 1_500_000_000L;
  private static final long ROUND_NANOS = 50_000_000L;

  private final int rounds;
  private final Device device = CpuDevice.vector(1);
  private final Kernels kernels = device.kernels();
  private final FmaProbe probe = new FmaProbe(new WorkerPool(1));
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  private KernelShares(int rounds) {
    this.rounds = rounds;
  }

  /** Runs with the rounds given as argument, by default 9. */
  public static void main(String[] arguments) {
    new KernelShares(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9).run();
  }

  private void run() {
    System.out.printf("%s; processor time; %d rounds; medians%n", device.name(), rounds);
    attention(8, 256, 9, 3, 64);
    attention(4, 512, 12, 12, 64);
    attention(1, 2048, 9, 3, 64);
    attention(1, 1024, 8, 4, 256);
    linear(1024, 576, 1536);
    linear(1024, 768, 3072);
    linear(256, 192, 768);
    device.close();
  }

  private void attention(int sequences, int tokens, int heads, int keyValueHeads, int dHead) {
    AttentionForm form = AttentionForm.causal(heads, keyValueHeads, (float) (1 / Math.sqrt(dHead)));
    int rows = sequences * tokens;
    FloatMatrix q = gaussian(rows, heads * dHead);
    FloatMatrix k = gaussian(rows, keyValueHeads * dHead);
    FloatMatrix v = gaussian(rows, keyValueHeads * dHead);
    FloatMatrix out = gaussian(rows, heads * dHead);
    FloatMatrix dq = device.floats(rows, heads * dHead);
    FloatMatrix dk = device.floats(rows, keyValueHeads * dHead);
    FloatMatrix dv = device.floats(rows, keyValueHeads * dHead);
    int[] numbers = new int[4 * sequences];
    Arrays.setAll(numbers, i -> (i / 4 + i % 2) * tokens);
    IntMatrix spans = device.matrix(sequences, 4, numbers);
    String shape =
        "%d x %d tokens, %d/%d heads of %d"
            .formatted(sequences, tokens, heads, keyValueHeads, dHead);
    double product = (double) rows * heads * dHead * (tokens + 1);
    measure("attention, " + shape, 2 * product, () -> kernels.attention(out, q, k, v, spans, form));
    measure(
        "backward, " + shape,
        5 * product,
        () -> kernels.attentionBackward(dq, dk, dv, out, q, k, v, spans, form));
  }

  private void linear(int tokens, int in, int out) {
    FloatMatrix x = gaussian(tokens, in);
    FloatMatrix weights = gaussian(in, out);
    FloatMatrix y = gaussian(tokens, out);
    PackedMatrix packed = kernels.allocatePacked(in, out);
    kernels.pack(packed, weights, Operand.AS_IS);
    String shape = "[%d x %d] x [%d x %d]".formatted(tokens, in, in, out);
    double operations = 2.0 * tokens * in * out;
    measure("x W, packed, " + shape, operations, () -> kernels.matmulPacked(y, x, packed));
    measure(
        "dy W^T, packed, " + shape,
        operations,
        () -> kernels.matmulPackedTransposed(x, y, packed, Write.SET));
    measure(
        "+= x^T dy, " + shape,
        operations,
        () -> kernels.matmul(weights, x, Operand.TRANSPOSED, y, Operand.AS_IS, Write.ADD));
  }

  private FloatMatrix gaussian(int rows, int cols) {
    float[] values = new float[rows * cols];
    RandomStream.of(1, rows + " x " + cols).fillGaussian(values, 0, 1e-2);
    return device.matrix(rows, cols, values);
  }

  private void measure(String name, double operations, Runnable work) {
    long end = threads.getCurrentThreadCpuTime() + WARM_UP_NANOS;
    while (threads.getCurrentThreadCpuTime() < end) {
      work.run();
    }
    double[] shares = new double[rounds];
    double[] speeds = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      double peak = probe.gigaflops(threads::getCurrentThreadCpuTime);
      speeds[round] = operations / nanos(work);
      shares[round] = speeds[round] / peak;
    }
    System.out.printf(
        "%-52s %5.0f GFLOP/s  %3.0f %% of the peak%n", name, median(speeds), 100 * median(shares));
  }

  /** Returns the mean processor time of a call, over as many calls as fill a round. */
  private double nanos(Runnable work) {
    long start = threads.getCurrentThreadCpuTime();
    int calls = 0;
    long now = start;
    while (now - start < ROUND_NANOS) {
      work.run();
      calls++;
      now = threads.getCurrentThreadCpuTime();
    }
    return (double) (now - start) / calls;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
