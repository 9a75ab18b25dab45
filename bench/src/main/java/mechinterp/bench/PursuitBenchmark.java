package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.PursuitForm;
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

/** What HybridSAE's kernels cost beside the encoder's pass. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class PursuitBenchmark {
  private static final int SHORTLIST_FACTOR = 4;

  /** Rows of x. */
  @Param({"1024"})
  public int tokens = 1024;

  /** Width of an activation. */
  @Param({"384"})
  public int dIn = 384;

  /** Number of latents. */
  @Param({"8192"})
  public int dSae = 8192;

  /** Active latents of a token. */
  @Param({"32"})
  public int k = 32;

  private Kernels kernels;
  private PursuitForm form;
  private FloatMatrix x;
  private FloatMatrix bias;
  private FloatMatrix dictionary;
  private FloatMatrix inverseSquares;
  private FloatMatrix targets;
  private PackedMatrix encoder;
  private SparseCodes shortlist;
  private SparseCodes codes;

  /** Makes the matrices and the shortlist. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    int candidates = SHORTLIST_FACTOR * k;
    kernels = device.kernels();
    form = PursuitForm.ofLargest(k, 3, 1.5);
    x = state.gaussian(tokens, dIn, "x");
    bias = device.floats(1, dSae);
    dictionary = state.gaussian(dSae, dIn, "dictionary");
    kernels.normalizeRows(dictionary, dictionary);
    inverseSquares = device.floats(1, dSae);
    kernels.pursuit().inverseSquares(inverseSquares, dictionary);
    encoder = kernels.allocatePacked(dIn, dSae);
    kernels.pack(encoder, dictionary, Operand.TRANSPOSED);
    shortlist = codes(device, candidates);
    codes = codes(device, k);
    targets = device.floats(tokens, candidates);
    kernels.encodeTopK(shortlist, x, encoder, bias, candidates);
  }

  private SparseCodes codes(Device device, int capacity) {
    return new SparseCodes(
        device.ints(tokens, capacity),
        device.floats(tokens, capacity),
        device.ints(tokens, 1),
        dSae);
  }

  /** The encoder's own codes. */
  @Benchmark
  public SparseCodes encodeTopK() {
    kernels.encodeTopK(codes, x, encoder, bias, k);
    return codes;
  }

  /** The shortlist. */
  @Benchmark
  public SparseCodes encodeShortlist() {
    kernels.encodeTopK(shortlist, x, encoder, bias, SHORTLIST_FACTOR * k);
    return shortlist;
  }

  /** The encoder's own codes from the shortlist. */
  @Benchmark
  public SparseCodes keepLargestOfEach() {
    kernels.selection().keepLargestOfEach(codes, shortlist, k);
    return codes;
  }

  /** The pursuit's codes on the shortlist. */
  @Benchmark
  public SparseCodes pursue() {
    kernels.pursuit().encode(codes, x, shortlist, dictionary, inverseSquares, form);
    return codes;
  }

  /** The encoder's targets. */
  @Benchmark
  public FloatMatrix fixedPoint() {
    kernels.pursuit().fixedPoint(targets, x, shortlist, dictionary, inverseSquares, form);
    return targets;
  }
}
