package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Causal attention, forward, backward and with a cache, at the sizes of SmolLM2-135M. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class AttentionBenchmark {
  /** Sequences in a batch. */
  @Param({"8"})
  public int sequences = 8;

  /** Tokens of a sequence. */
  @Param({"256"})
  public int tokens = 256;

  /** Query heads. */
  @Param({"9"})
  public int heads = 9;

  /** Heads of keys and values. */
  @Param({"3"})
  public int keyValueHeads = 3;

  /** Columns of a head. */
  @Param({"64"})
  public int dHead = 64;

  private Kernels kernels;
  private AttentionForm form;
  private FloatMatrix q;
  private FloatMatrix k;
  private FloatMatrix v;
  private FloatMatrix out;
  private FloatMatrix dq;
  private FloatMatrix dk;
  private FloatMatrix dv;
  private IntMatrix texts;
  private IntMatrix caches;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    kernels = device.kernels();
    form = AttentionForm.causal(heads, keyValueHeads, (float) (1 / Math.sqrt(dHead)));
    int rows = sequences * tokens;
    q = state.gaussian(rows, heads * dHead, "q");
    k = state.gaussian(rows, keyValueHeads * dHead, "k");
    v = state.gaussian(rows, keyValueHeads * dHead, "v");
    out = device.floats(rows, heads * dHead);
    dq = device.floats(rows, heads * dHead);
    dk = device.floats(rows, keyValueHeads * dHead);
    dv = device.floats(rows, keyValueHeads * dHead);
    texts = spans(device, tokens);
    caches = spans(device, 1);
  }

  /** The last tokens of each sequence are its queries, all of them its keys. */
  private IntMatrix spans(Device device, int queries) {
    int[] spans = new int[4 * sequences];
    for (int s = 0; s < sequences; s++) {
      spans[4 * s] = s * queries;
      spans[4 * s + 1] = (s + 1) * queries;
      spans[4 * s + 2] = s * tokens;
      spans[4 * s + 3] = (s + 1) * tokens;
    }
    return device.matrix(sequences, 4, spans);
  }

  /** Every token is a query. */
  @Benchmark
  public FloatMatrix forward() {
    kernels.attention(out, q, k, v, texts, form);
    return out;
  }

  /** The gradients of {@link #forward}. */
  @Benchmark
  public FloatMatrix backward() {
    kernels.attentionBackward(dq, dk, dv, out, q, k, v, texts, form);
    return dq;
  }

  /** The last token of each sequence is its query. */
  @Benchmark
  public FloatMatrix decode() {
    kernels.attention(out.rowRange(0, sequences), q.rowRange(0, sequences), k, v, caches, form);
    return out;
  }
}
