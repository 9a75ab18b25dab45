package mechinterp.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
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
 * Products x W^T of activations and weights, by our kernels and by an installed OpenBLAS. For
 * ratios within one run see {@link GemmComparison}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SgemmBenchmark {
  /** Rows of x. */
  @Param({"1024"})
  public int tokens = 1024;

  /** Depth of the product. */
  @Param({"768"})
  public int depth = 768;

  /** Rows of W. */
  @Param({"8192", "32768"})
  public int latents = 8192;

  private KernelState state;
  private FloatMatrix x;
  private FloatMatrix weights;
  private FloatMatrix out;
  private PackedMatrix packed;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    this.state = state;
    state.start();
    x = state.gaussian(tokens, depth, "x");
    weights = state.gaussian(latents, depth, "weights");
    out = state.gaussian(tokens, latents, "out");
    packed = state.kernels().allocatePacked(depth, latents);
    state.kernels().pack(packed, weights, Operand.TRANSPOSED);
  }

  /** With weights that are packed already. */
  @Benchmark
  public FloatMatrix packedBefore() {
    state.kernels().matmulPacked(out, x, packed);
    return out;
  }

  /** With weights that are packed in the call. */
  @Benchmark
  public FloatMatrix packedInTheCall() {
    state.kernels().matmul(out, x, Operand.AS_IS, weights, Operand.TRANSPOSED, Write.SET);
    return out;
  }

  /** By OpenBLAS, whose kernels {@code OPENBLAS_CORETYPE} chooses. */
  @Benchmark
  public MemorySegment openBlas(NativeCopies copies) {
    copies.library.multiply(copies.out, copies.x, copies.weights, true, tokens, latents, depth);
    return copies.out;
  }

  /** The same matrices in native memory. */
  @State(Scope.Benchmark)
  public static class NativeCopies {
    private OpenBlas library;
    private MemorySegment x;
    private MemorySegment weights;
    private MemorySegment out;

    /** Copies the matrices. */
    @Setup(Level.Trial)
    public void copy(SgemmBenchmark benchmark) {
      library =
          OpenBlas.find(benchmark.state.threads)
              .orElseThrow(() ->
                  new IllegalStateException(
                      "openblas: not installed; install it, or leave this benchmark out with -e openBlas"));
      x = benchmark.state.nativeCopy(benchmark.x);
      weights = benchmark.state.nativeCopy(benchmark.weights);
      out = Arena.ofAuto().allocate(4L * benchmark.out.size(), 64);
    }
  }
}
