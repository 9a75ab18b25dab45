package mechinterp.sae.objective;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.sae.Sae;
import mechinterp.tensor.SparseCodes;

/**
 * The b_enc with which each latent is active on the same share of a batch (Anthropic, January
 * 2025): with s = initial_l0 / d_sae, n tokens and the m-th largest pre-activation z_i(m) of latent
 * i,
 *
 * <pre>  b_enc[i] = threshold[i] - (z_i(m) + z_i(m + 1)) / 2        m = s n, rounded, at least 1
 * </pre>
 *
 * Codes that begin with half of all latents make reconstructions many times too long; the weights
 * go astray, and the second moments of Adam remember these gradients for a thousand steps.
 */
final class InitialBias {
  private final Device device;
  private final Sae sae;
  private final float[][] largest;

  /**
   * Biases.
   *
   * @param tokens of the batch
   */
  InitialBias(Sae sae, double initialL0, int tokens) {
    this.device = sae.device();
    this.sae = sae;
    double share = Math.min(1, initialL0 / sae.dSae());
    int active = Math.clamp(Math.round(share * tokens), 1, Math.max(1, tokens - 1));
    this.largest = new float[sae.dSae()][active + 1];
  }

  /**
   * Sets b_enc, which is 0.
   *
   * @param positive all positive pre-activations of the batch
   * @param thresholds above which latents are active
   */
  void set(SparseCodes positive, float[] thresholds) {
    for (int t = 0; t < positive.rows(); t++) {
      addToken(positive, t);
    }
    float[] bias = new float[sae.dSae()];
    for (int i = 0; i < bias.length; i++) {
      bias[i] = thresholds[i] - (largest[i][0] + largest[i][1]) / 2;
    }
    device.upload(sae.weights().bEnc(), bias, 0);
    sae.weightsChanged();
  }

  private void addToken(SparseCodes positive, int token) {
    int active = device.toHost(positive.counts().rowRange(token, token + 1))[0];
    int[] latents = device.toHost(positive.indices().row(token));
    float[] values = device.toHost(positive.values().row(token));
    for (int slot = 0; slot < active; slot++) {
      insert(largest[latents[slot]], values[slot]);
    }
  }

  /** Keeps the largest values, rising. */
  private static void insert(float[] kept, float value) {
    if (value > kept[0]) {
      int found = Arrays.binarySearch(kept, value);
      int at = found < 0 ? -found - 2 : found;
      System.arraycopy(kept, 1, kept, 0, at);
      kept[at] = value;
    }
  }
}
