package mechinterp.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.RowConstraint;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
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

/** The sparse phases of a TopK training step, each alone. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SparseStepBenchmark {
  /** Tokens of a batch. */
  @Param({"1024"})
  public int batch = 1024;

  /** Width of an activation. */
  @Param({"768"})
  public int dIn = 768;

  /** Number of latents. */
  @Param({"32768"})
  public int dSae = 32768;

  /** Active latents of a token. */
  @Param({"128"})
  public int k = 128;

  private Kernels kernels;
  private SparseCodes codes;
  private LatentOrder order;
  private FloatMatrix x;
  private FloatMatrix out;
  private FloatMatrix gradients;
  private FloatMatrix decoder;
  private FloatMatrix firstMoment;
  private FloatMatrix secondMoment;
  private FloatMatrix bias;
  private PackedMatrix packed;

  /** Encodes a batch. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    kernels = device.kernels();
    x = state.gaussian(batch, dIn, "x");
    out = device.floats(batch, dIn);
    decoder = state.gaussian(dSae, dIn, "decoder");
    kernels.normalizeRows(decoder, decoder);
    firstMoment = device.floats(dSae, dIn);
    secondMoment = device.floats(dSae, dIn);
    bias = device.floats(1, dIn);
    packed = kernels.allocatePacked(dIn, dSae);
    kernels.pack(packed, decoder, Operand.TRANSPOSED);
    codes =
        new SparseCodes(
            device.ints(batch, k), device.floats(batch, k), device.ints(batch, 1), dSae);
    kernels.encodeTopK(codes, x, packed, device.floats(1, dSae), k);
    order = new LatentOrder(device.ints(1, dSae + 1), device.ints(1, batch * k), k);
    kernels.orderByLatent(order, codes);
    gradients = device.floats(batch, k);
  }

  /** Reconstruction from the codes. */
  @Benchmark
  public FloatMatrix decode() {
    kernels.decode(out, codes, decoder, bias);
    return out;
  }

  /** Gradients of the codes. */
  @Benchmark
  public FloatMatrix codeGradients() {
    kernels.codeGradients(gradients, codes, x, decoder);
    return gradients;
  }

  /** Codes by latent. */
  @Benchmark
  public LatentOrder orderByLatent() {
    kernels.orderByLatent(order, codes);
    return order;
  }

  /** The decoder's gradient, projection, Adam step and normalisation. */
  @Benchmark
  public FloatMatrix sparseAdam() {
    kernels
        .optimizer()
        .sparseAdam(
            decoder,
            firstMoment,
            secondMoment,
            List.of(new SparseOuterProduct(order, codes.values(), x)),
            new AdamStep(1e-4f, 0.9f, 0.999f, 1e-8f, 10),
            RowConstraint.UNIT_NORM);
    return decoder;
  }

  /** The encoder's weights into the layout of the product. */
  @Benchmark
  public PackedMatrix pack() {
    kernels.pack(packed, decoder, Operand.TRANSPOSED);
    return packed;
  }
}
