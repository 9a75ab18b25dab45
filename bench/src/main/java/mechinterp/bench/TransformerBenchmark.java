package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
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
  private FloatMatrix scale;
  private IntMatrix spans;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    kernels = device.kernels();
    x = state.gaussian(sequences * tokens, dModel, "x");
    out = device.floats(sequences * tokens, dModel);
    hidden = state.gaussian(sequences * tokens, 4 * dModel, "hidden");
    row = state.gaussian(1, dModel, "row");
    scale = device.floats(sequences * tokens, 1);
    int[] rows = new int[sequences * 4];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (i / 4 + i % 2) * tokens;
    }
    spans = device.matrix(sequences, 4, rows);
  }

  /** Attention of all heads. */
  @Benchmark
  public FloatMatrix attention() {
    kernels.attention(out, x, x, x, spans, AttentionForm.bidirectional(HEADS, 0.17f));
    return out;
  }

  /** Layer normalisation. */
  @Benchmark
  public FloatMatrix layerNorm() {
    kernels.normScale(scale, x, 1e-12f, Norm.LAYER);
    kernels.norm(out, x, scale, row, row, Norm.LAYER);
    return out;
  }

  /** GELU of the MLP's hidden layer. */
  @Benchmark
  public FloatMatrix gelu() {
    kernels.activate(hidden, hidden, ActivationFunction.GELU);
    return hidden;
  }

  /** Softmax of each row. */
  @Benchmark
  public FloatMatrix softmax() {
    kernels.softmax(out, x);
    return out;
  }
}
