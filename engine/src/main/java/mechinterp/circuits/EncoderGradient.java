package mechinterp.circuits;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.sae.GatedSae;
import mechinterp.sae.HybridSae;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.MatchingPursuitSae;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.SwitchSae;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The way back through an encoder whose active latents are linear in x, {@code f_i = s_i x W_enc[i]
 * + constant}. With g the gradient of the metric by x, so that g W_dec[i] is that by f_i,
 *
 * <pre>
 *   (g W_dec[i]) df_i/dx      = (g W_dec[i]) s_i W_enc[i]                 0 where i is not active
 *   g . d(error)/dx           = g - sum over active i of (g W_dec[i]) s_i W_enc[i]
 * </pre>
 */
final class EncoderGradient {
  private final Sae sae;
  private final SparseCodes weighted;
  private final FloatMatrix g;

  /**
   * Computes what all nodes need.
   *
   * @param codes the active latents
   * @param g the gradient by x [tokens, d_in]
   */
  EncoderGradient(Sae sae, TokenCodes codes, FloatMatrix g) {
    SparseCodes active = codes.onDevice(sae.device());
    this.sae = sae;
    this.g = g;
    this.weighted =
        new SparseCodes(
            active.indices(),
            device().floats(active.rows(), active.capacity()),
            active.counts(),
            active.latents());
    kernels().codeGradients(weighted.values(), active, g, sae.weights().wDec());
    if (sae instanceof GatedSae gated) {
      kernels().codes().scaleSlots(weighted.values(), active, weighted.values(), gated.scales(), 0);
    }
  }

  /**
   * Checks that an encoder is linear in x while the same latents are active.
   *
   * @throws IllegalArgumentException when it is not
   */
  static void requireLinear(FeatureSite site) {
    String reason =
        switch (site.sae()) {
          case TopKSae _, ThresholdSae _, GatedSae _ -> "";
          case HybridSae hybrid ->
              hybrid.config().codes() == InferenceCodes.FAST ? "" : "finds its codes by a pursuit";
          case MatchingPursuitSae _ -> "finds its codes by a pursuit";
          case SwitchSae _ -> "weights its codes by a router";
          case NormalizedSae _ -> "normalises each activation";
          case SelectedSae _ -> "looks at a shortlist";
        };
    if (!reason.isEmpty()) {
      throw new IllegalArgumentException(
          "edges: the autoencoder at %s %s; latents must be linear in the activation, use nodes alone"
              .formatted(site.hook(), reason));
    }
  }

  private Device device() {
    return sae.device();
  }

  private Kernels kernels() {
    return device().kernels();
  }

  /**
   * rows += the way back from a latent or the error.
   *
   * @param rows of tokens {@code from} to {@code to - 1}
   */
  void add(FloatMatrix rows, FeatureNode node, int from, int to) {
    SparseCodes some = weighted.rowRange(from, to);
    FloatMatrix encoder = sae.weights().wEnc();
    if (node.latent().isPresent()) {
      int latent = node.latent().getAsInt();
      kernels().nested().addLatents(rows, some, latent, latent + 1, encoder);
      return;
    }
    FloatMatrix byLatents = device().floats(rows.rows(), rows.cols());
    kernels().nested().addLatents(byLatents, some, 0, sae.dSae(), encoder);
    kernels().add(rows, rows, g.rowRange(from, to));
    kernels().addScaled(rows, byLatents, -1);
  }
}
