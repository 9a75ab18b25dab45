package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.device.Device;
import mechinterp.sae.Int8Rows;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.Selector;
import mechinterp.sae.SelectorConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
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

/** Encoding a few tokens with all of the encoder beside encoding them with a selector. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SelectorBenchmark {
  /** Tokens that take turns, so that a shortlist's rows are not in the cache from the last call. */
  private static final int TOKENS = 256;

  /** Tokens that are encoded at once. */
  @Param({"1"})
  public int batch = 1;

  /** Width of an activation. */
  @Param({"384"})
  public int dIn = 384;

  /** Number of latents. */
  @Param({"8192", "32768"})
  public int dSae = 8192;

  /** Active latents of a token. */
  @Param({"32"})
  public int k = 32;

  /** Rank of the selector. */
  @Param({"96"})
  public int rank = 96;

  private FloatMatrix x;
  private TopKSae sae;
  private SelectedSae selected;
  private SparseCodes codes;
  private int next;

  /** Makes an autoencoder and a selector of random weights: times do not depend on them. */
  @Setup(Level.Trial)
  public void prepare(KernelState state) {
    Device device = state.start();
    x = state.gaussian(TOKENS, dIn, "x");
    sae = TopKSae.allocate(device, new TopKConfig(dIn, dSae, k));
    device.kernels().copy(sae.weights().wEnc(), state.gaussian(dSae, dIn, "encoder"));
    sae.weightsChanged();
    Int8Rows rows = Int8Rows.nearest(rank, device.toHost(state.gaussian(dSae, rank, "rows")));
    int factor = SelectorConfig.of(dIn).factor();
    Selector selector =
        Selector.of(
            device, factor, state.gaussian(rank, dIn, "projection"), rows, device.floats(1, dSae));
    selected = SelectedSae.of(sae, selector);
    codes = sae.newCodes(batch);
    System.out.printf(
        "bytes a token: %d, %d without the selector%n",
        selected.bytesPerToken(), selected.denseBytesPerToken());
  }

  private FloatMatrix tokens() {
    next = next + 2 * batch > TOKENS ? 0 : next + batch;
    return x.rowRange(next, next + batch);
  }

  /** All latents. */
  @Benchmark
  public SparseCodes dense() {
    sae.encode(codes, tokens());
    return codes;
  }

  /** Those on the shortlist. */
  @Benchmark
  public SparseCodes selector() {
    selected.encode(codes, tokens());
    return codes;
  }
}
