package mechinterp.metrics;

import java.util.List;
import java.util.function.Function;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Encodes, decodes and measures a stream of activations, which must be in the space of the
 * autoencoder: a loaded one takes activations as the model makes them, one fresh from training
 * takes them normalised as in training. All metrics but the mse are the same in both. For a
 * transcoder all metrics are of the target and what it makes of the input.
 */
public final class SaeEvaluator {
  private final Evaluated evaluated;
  private final Buffers buffers;

  private record Buffers(
      FloatMatrix input, FloatMatrix reconstruction, SparseCodes codes, ReconstructionSums sums) {
    static Buffers declare(Workspace workspace, Evaluated evaluated, int batchSize) {
      List<Integer> widths = evaluated.targetWidths();
      int made = widths.stream().mapToInt(Integer::intValue).sum();
      int latents = evaluated.latents();
      int most = evaluated.maxActive();
      return new Buffers(
          workspace.floats("evaluation input", batchSize, evaluated.rowWidth()),
          workspace.floats("evaluation reconstruction", batchSize, made),
          workspace.codes("evaluation codes", batchSize, most, latents),
          new ReconstructionSums(workspace, batchSize, widths, latents, most));
    }
  }

  /** What is measured, with its buffers. */
  private record Declared(Evaluated evaluated, Buffers buffers) {
    static Declared in(Workspace workspace, Evaluated evaluated, int batchSize) {
      return new Declared(evaluated, Buffers.declare(workspace, evaluated, batchSize));
    }
  }

  /**
   * Begins a stream that comes in batches of up to {@code batchSize} tokens.
   *
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public SaeEvaluator(Sae sae, int batchSize) {
    this(
        sae.device(),
        batchSize,
        workspace -> Declared.in(workspace, new Evaluated.OfSae(sae), batchSize));
  }

  /**
   * Begins a stream for a cross-layer transcoder, whose rows have what goes into the MLPs, layer by
   * layer, then what comes out of them. Its latents are those of all layers, one behind the other.
   *
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public SaeEvaluator(CrossLayerTranscoder transcoder, int batchSize) {
    this(
        transcoder.device(),
        batchSize,
        workspace ->
            Declared.in(
                workspace,
                Evaluated.OfCrossLayer.declare(workspace, transcoder, batchSize),
                batchSize));
  }

  private SaeEvaluator(Device device, int batchSize, Function<Workspace, Declared> declare) {
    Declared declared =
        Workspace.allocate("evaluation (batch %d)".formatted(batchSize), device, declare);
    this.evaluated = declared.evaluated();
    this.buffers = declared.buffers();
  }

  /**
   * Adds tokens.
   *
   * @param rows activations [tokens, row width] on the autoencoder's device, as {@link
   *     mechinterp.sae.SaeConfig#siteWidths} lays them out
   */
  public void add(FloatMatrix rows) {
    SparseCodes active = buffers.codes().rowRange(0, rows.rows());
    FloatMatrix made = buffers.reconstruction().rowRange(0, rows.rows());
    evaluated.reconstruct(active, made, rows);
    buffers.sums().add(evaluated.targets(rows), made, active);
  }

  /** Adds {@code tokens} tokens whose activations lie one after the other in {@code rows}. */
  public void add(float[] rows, int tokens) {
    FloatMatrix x = buffers.input().rowRange(0, tokens);
    evaluated.device().upload(x, rows, 0);
    add(x);
  }

  /** Returns the metrics of all tokens so far. */
  public ReconstructionMetrics metrics() {
    return buffers.sums().metrics();
  }

  /** Returns the fvu of each hook point whose activations are reconstructed, by itself. */
  public List<Double> fvuOfHookPoints() {
    return buffers.sums().fvuOfHookPoints();
  }

  /** Returns how often each latent was active so far. */
  public LatentDensity density() {
    return buffers.sums().density();
  }
}
