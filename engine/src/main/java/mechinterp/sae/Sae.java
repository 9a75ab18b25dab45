package mechinterp.sae;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * A sparse autoencoder on a device. The codes and the reconstruction of a token have the same bits
 * whatever other tokens are with it. Not for use by several threads at once: encoding has a buffer
 * of its own.
 */
public sealed interface Sae permits TopKSae, ThresholdSae {
  /** Returns the kind and the sizes. */
  SaeConfig config();

  /** Returns the device that holds the weights. */
  Device device();

  /**
   * Returns the weights themselves, not copies. After changing them call {@link #weightsChanged}.
   */
  SaeWeights weights();

  /** Returns the same weights, each with its name: what is trained. */
  List<SaeParameter> parameters();

  /** Returns how many latents can be active on a token. */
  int maxActive();

  /**
   * Writes the active latents of each token.
   *
   * @param codes a row for each token; capacity at least {@link #maxActive}, over d_sae latents
   * @param x activations [tokens, d_in]
   */
  void encode(SparseCodes codes, FloatMatrix x);

  /**
   * Writes the activations that the codes stand for.
   *
   * @param out [tokens, d_in]
   */
  void decode(FloatMatrix out, SparseCodes codes);

  /** Brings what is derived from the weights up to date. */
  void weightsChanged();

  /**
   * Returns this autoencoder for activations that were not multiplied by {@code scale}: W_enc
   * times, W_dec and b_dec divided by the scale. Latents keep their activations: encoding x here
   * gives the codes of scale x there, and decoding them gives the reconstruction there divided by
   * the scale. The same as SAELens' folding of {@code expected_average_only_in}.
   *
   * @param scale positive and finite
   */
  Sae foldInputScale(double scale);

  /** Returns the width of an activation. */
  default int dIn() {
    return config().dIn();
  }

  /** Returns the number of latents. */
  default int dSae() {
    return config().dSae();
  }

  /** Returns new codes on the device that hold the active latents of {@code tokens} tokens. */
  default SparseCodes newCodes(int tokens) {
    return new SparseCodes(
        device().ints(tokens, maxActive()),
        device().floats(tokens, maxActive()),
        device().ints(tokens, 1),
        dSae());
  }
}
