package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Of each latent the sum over the layers of a crosscoder of the norm of its row of W_dec_m. */
final class LayerNormSums {
  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final FloatMatrix ofLayer;
  private final FloatMatrix sums;
  private final FloatMatrix inverses;
  private final float[] onHost;

  LayerNormSums(Workspace workspace, Sae sae) {
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.ofLayer = workspace.floats("norms of a layer's rows", sae.dSae(), 1);
    this.sums = workspace.floats("sums of the layers' norms", sae.dSae(), 1);
    this.inverses = workspace.floats("1 / sums of the layers' norms", sae.dSae(), 1);
    this.onHost = workspace.onHost(float[]::new, sae.dSae());
  }

  /** Takes the decoder as it is now. */
  void measure() {
    kernels.fill(sums, 0);
    int first = 0;
    for (int width : sae.config().siteWidths()) {
      FloatMatrix rows = sae.weights().wDec().columnRange(first, first + width);
      kernels.normScale(ofLayer, rows, 0, Norm.RMS);
      kernels.addScaled(sums, ofLayer, (float) Math.sqrt(width));
      first += width;
    }
    device.download(onHost, 0, sums);
    for (int i = 0; i < onHost.length; i++) {
      // A latent that adds nothing anywhere is never chosen.
      onHost[i] = onHost[i] > 0 ? 1 / onHost[i] : Float.MAX_VALUE;
    }
    device.upload(inverses, onHost, 0);
  }

  /** Returns the sums [d_sae, 1]. */
  FloatMatrix sums() {
    return sums;
  }

  /** Returns 1 / the sums [d_sae, 1]. */
  FloatMatrix inverses() {
    return inverses;
  }

  /** Multiplies activations with the sums. */
  void multiply(SparseCodes codes) {
    kernels.codes().scaleSlots(codes.values(), codes, codes.values(), sums, 0);
  }

  /** Divides activations by the sums. */
  void divide(SparseCodes codes) {
    kernels.codes().scaleSlots(codes.values(), codes, codes.values(), inverses, 0);
  }

  /** Sets thresholds [1, d_sae] to a threshold of the products divided by the sums. */
  void divide(FloatMatrix thresholds, float threshold) {
    kernels.scale(thresholds.reshaped(sae.dSae(), 1), inverses, threshold);
  }
}
