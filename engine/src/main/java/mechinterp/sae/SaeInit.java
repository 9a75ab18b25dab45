package mechinterp.sae;

import java.util.function.Consumer;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * The weights before training: rows of W_dec of random directions and unit norm, W_enc its
 * transpose, b_enc 0, b_dec the centre of a sample of the activations (Gao et al. 2024, A.1).
 */
public final class SaeInit {
  private SaeInit() {}

  /** Returns what {@link #decoderBias} will hold on the device. */
  public static MemoryPlan samplePlan(Device device, int tokens, int dIn) {
    return Workspace.plan(SAMPLE_PURPOSE, device, w -> new GeometricMedian(w, tokens, dIn));
  }

  private static final String SAMPLE_PURPOSE = "sample for b_dec";

  /**
   * Returns the decoder's bias to begin with.
   *
   * @param fill fills a matrix [tokens, d_in] with activations
   * @throws mechinterp.device.InsufficientMemoryException when the sample does not fit
   */
  public static float[] decoderBias(
      Device device, DecoderBiasInit init, int tokens, int dIn, Consumer<FloatMatrix> fill) {
    if (init == DecoderBiasInit.ZERO) {
      return new float[dIn];
    }
    GeometricMedian centre =
        Workspace.allocate(SAMPLE_PURPOSE, device, w -> new GeometricMedian(w, tokens, dIn));
    fill.accept(centre.sample());
    return init == DecoderBiasInit.MEAN ? centre.mean() : centre.median();
  }

  /** Sets the weights: the same for the same seed on any device with the same rounding. */
  public static void initialize(Sae sae, long seed, float[] decoderBias) {
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    Kernels kernels = device.kernels();
    RandomStream directions = RandomStream.of(seed, "W_dec");
    float[] row = new float[sae.dIn()];
    for (int f = 0; f < sae.dSae(); f++) {
      directions.fillGaussian(row, (long) f * row.length, 1);
      device.upload(weights.wDec().row(f), row, 0);
    }
    kernels.normalizeRows(weights.wDec(), weights.wDec());
    kernels.copy(weights.wEnc(), weights.wDec());
    kernels.fill(weights.bEnc(), 0);
    device.upload(weights.bDec(), decoderBias, 0);
    sae.weightsChanged();
  }
}
