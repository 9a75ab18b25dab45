package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
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

/** Fused encoding and selection beside the bare product. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class EncodeBenchmark {
  /** Rows of x. */
  @Param({"1024"})
  public int tokens = 1024;

  /** Width of an activation. */
  @Param({"768"})
  public int dIn = 768;

  /** Number of latents. */
  @Param({"8192", "32768"})
  public int dSae = 8192;

  /** Active latents of a token. */
  @Param({"32", "128"})
  public int k = 32;

  private KernelState state;
  private FloatMatrix x;
  private FloatMatrix bias;
  private FloatMatrix out;
  private PackedMatrix encoder;
  private SparseCodes codes;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    this.state = state;
    var device = state.start();
    x = state.gaussian(tokens, dIn, "x");
    bias = device.floats(1, dSae);
    out = device.floats(tokens, dSae);
    encoder = state.kernels().allocatePacked(dIn, dSae);
    state.kernels().pack(encoder, state.gaussian(dSae, dIn, "encoder"), Operand.TRANSPOSED);
    codes =
        new SparseCodes(
            device.ints(tokens, k), device.floats(tokens, k), device.ints(tokens, 1), dSae);
  }

  /** Encoding and selection. */
  @Benchmark
  public SparseCodes encodeTopK() {
    state.kernels().encodeTopK(codes, x, encoder, bias, k);
    return codes;
  }

  /** The product alone. */
  @Benchmark
  public FloatMatrix product() {
    state.kernels().matmulPacked(out, x, encoder);
    return out;
  }
}
