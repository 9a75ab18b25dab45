package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
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

/** A linear layer and the loss of a language model, forward and backward. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class LanguageModelBenchmark {
  /** Rows of a batch. */
  @Param({"1024"})
  public int tokens = 1024;

  /** Columns that the layer takes. */
  @Param({"576"})
  public int in = 576;

  /** Columns that it makes: those of an MLP's middle, or a vocabulary. */
  @Param({"1536", "8192"})
  public int out = 1536;

  private Kernels kernels;
  private PackedMatrix packed;
  private FloatMatrix x;
  private FloatMatrix y;
  private FloatMatrix dx;
  private FloatMatrix dW;
  private FloatMatrix column;
  private IntMatrix targets;

  /** Makes the matrices. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    kernels = device.kernels();
    x = state.gaussian(tokens, in, "x");
    y = state.gaussian(tokens, out, "y");
    dx = device.floats(tokens, in);
    dW = device.floats(in, out);
    column = state.gaussian(tokens, 1, "column");
    targets = device.ints(1, tokens);
    packed = kernels.allocatePacked(in, out);
    kernels.pack(packed, state.gaussian(in, out, "weights"), Operand.AS_IS);
  }

  /** y = x W. */
  @Benchmark
  public FloatMatrix product() {
    kernels.matmulPacked(y, x, packed);
    return y;
  }

  /** dx = dy W^T from the weights as they are packed. */
  @Benchmark
  public FloatMatrix inputGradient() {
    kernels.matmulPackedTransposed(dx, y, packed, Write.SET);
    return dx;
  }

  /** dW += x^T dy. */
  @Benchmark
  public FloatMatrix weightGradient() {
    kernels.matmul(dW, x, Operand.TRANSPOSED, y, Operand.AS_IS, Write.ADD);
    return dW;
  }

  /** Cross-entropy of the rows of y. */
  @Benchmark
  public FloatMatrix crossEntropy() {
    kernels.crossEntropy(column, y, targets);
    return column;
  }

  /** Its gradient, in place. */
  @Benchmark
  public FloatMatrix crossEntropyBackward() {
    kernels.crossEntropyBackward(y, y, targets, column);
    return y;
  }
}
