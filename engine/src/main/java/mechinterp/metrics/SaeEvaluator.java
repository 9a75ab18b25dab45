package mechinterp.metrics;

import java.util.List;
import mechinterp.device.Workspace;
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
  private final Sae sae;
  private final Buffers buffers;

  private record Buffers(
      FloatMatrix input, FloatMatrix reconstruction, SparseCodes codes, ReconstructionSums sums) {
    static Buffers declare(Workspace workspace, Sae sae, int batchSize) {
      return new Buffers(
          workspace.floats("evaluation input", batchSize, sae.config().rowWidth()),
          workspace.floats("evaluation reconstruction", batchSize, sae.dOut()),
          workspace.codes("evaluation codes", batchSize, sae.maxActive(), sae.dSae()),
          new ReconstructionSums(
              workspace, batchSize, sae.config().targetWidths(), sae.dSae(), sae.maxActive()));
    }
  }

  /**
   * Begins a stream that comes in batches of up to {@code batchSize} tokens.
   *
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public SaeEvaluator(Sae sae, int batchSize) {
    this.sae = sae;
    this.buffers =
        Workspace.allocate(
            "evaluation (batch %d)".formatted(batchSize),
            sae.device(),
            workspace -> Buffers.declare(workspace, sae, batchSize));
  }

  /**
   * Adds tokens.
   *
   * @param rows activations [tokens, row width] on the autoencoder's device, as {@link
   *     mechinterp.sae.SaeConfig#siteWidths} lays them out
   */
  public void add(FloatMatrix rows) {
    FloatMatrix x = sae.inputs(rows);
    SparseCodes active = buffers.codes().rowRange(0, rows.rows());
    FloatMatrix decoded = buffers.reconstruction().rowRange(0, rows.rows());
    sae.encode(active, x);
    sae.reconstruct(decoded, active, x);
    buffers.sums().add(sae.targets(rows), decoded, active);
  }

  /** Adds {@code tokens} tokens whose activations lie one after the other in {@code rows}. */
  public void add(float[] rows, int tokens) {
    FloatMatrix x = buffers.input().rowRange(0, tokens);
    sae.device().upload(x, rows, 0);
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
