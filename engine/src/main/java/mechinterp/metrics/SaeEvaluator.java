package mechinterp.metrics;

import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Encodes, decodes and measures a stream of activations, which must be in the space of the
 * autoencoder: a loaded one takes activations as the model makes them, one fresh from training
 * takes them normalised as in training. All metrics but the mse are the same in both.
 */
public final class SaeEvaluator {
  private final Sae sae;
  private final FloatMatrix input;
  private final FloatMatrix reconstruction;
  private final SparseCodes codes;
  private final ReconstructionSums sums;

  /** Begins a stream that comes in batches of up to {@code batchSize} tokens. */
  public SaeEvaluator(Sae sae, int batchSize) {
    this.sae = sae;
    this.input = sae.device().floats(batchSize, sae.dIn());
    this.reconstruction = sae.device().floats(batchSize, sae.dIn());
    this.codes = sae.newCodes(batchSize);
    this.sums =
        new ReconstructionSums(sae.device(), batchSize, sae.dIn(), sae.dSae(), sae.maxActive());
  }

  /** Adds tokens: activations [tokens, d_in] on the autoencoder's device. */
  public void add(FloatMatrix x) {
    SparseCodes active = codes.rowRange(0, x.rows());
    FloatMatrix decoded = reconstruction.rowRange(0, x.rows());
    sae.encode(active, x);
    sae.decode(decoded, active);
    sums.add(x, decoded, active);
  }

  /** Adds {@code tokens} tokens whose activations lie one after the other in {@code rows}. */
  public void add(float[] rows, int tokens) {
    FloatMatrix x = input.rowRange(0, tokens);
    sae.device().upload(x, rows, 0);
    add(x);
  }

  /** Returns the metrics of all tokens so far. */
  public ReconstructionMetrics metrics() {
    return sums.metrics();
  }

  /** Returns how often each latent was active so far. */
  public LatentDensity density() {
    return sums.density();
  }
}
