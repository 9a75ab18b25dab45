package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
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

/**
 * The kernels of a transformer's block other than its products, at the sizes of all-MiniLM-L6-v2.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class TransformerBenchmark {
  private static final int HEADS = 12;

  /** Sequences in a batch. */
  @Param({"32"})
  public int sequences = 32;

  /** Tokens of a sequence. */
  @Param({"128"})
  public int tokens = 128;

  /** Width of the residual stream. */
  @Param({"384"})
  public int dModel = 384;

  private Kernels kernels;
  private FloatMatrix x;
  private FloatMatrix out;
  private FloatMatrix hidden;
  private FloatMatrix row;
  private IntMatrix starts;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    kernels = device.kernels();
    x = state.gaussian(sequences * tokens, dModel, "x");
    out = device.floats(sequences * tokens, dModel);
    hidden = state.gaussian(sequences * tokens, 4 * dModel, "hidden");
    row = state.gaussian(1, dModel, "row");
    int[] firsts = new int[sequences + 1];
    for (int s = 0; s <= sequences; s++) {
      firsts[s] = s * tokens;
    }
    starts = device.matrix(1, sequences + 1, firsts);
  }

  /** Attention of all heads. */
  @Benchmark
  public FloatMatrix attention() {
    kernels.attention(out, x, x, x, starts, HEADS, 0.17f);
    return out;
  }

  /** Layer normalisation. */
  @Benchmark
  public FloatMatrix layerNorm() {
    kernels.layerNorm(out, x, row, row, 1e-12f);
    return out;
  }

  /** GELU of the MLP's hidden layer. */
  @Benchmark
  public FloatMatrix gelu() {
    kernels.gelu(hidden, hidden);
    return hidden;
  }

  /** Softmax of each row. */
  @Benchmark
  public FloatMatrix softmax() {
    kernels.softmax(out, x);
    return out;
  }
}
