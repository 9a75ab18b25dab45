package mechinterp.analysis;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.AttentionConfig;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/**
 * Splits the pre-activations of an attention autoencoder's latents by head and source token (direct
 * feature attribution). With the pattern as it is, attention is linear in its values, so for token
 * t and latent i
 *
 * <pre>
 *   contribution[h, s] = pattern_h[t, s] (v_h[s] . u_h)
 *   u = W_enc[i]                    an autoencoder of attn.hook_z
 *   u = W_O W_enc[i]                one of hook_attn_out; behind a norm, with its scale held
 *   constant = pre-activation - u . z[t]
 * </pre>
 *
 * Source: Kissane et al. 2024 (arXiv:2406.17759).
 */
public final class AttentionAttribution {
  private static final String Z = "attn.hook_z";
  private static final String OUT = "hook_attn_out";

  private final Transformer model;
  private final HookPoint site;
  private final Sae sae;
  private final HookPoint z;
  private final HookPoint values;
  private final HookPoint pattern;

  private AttentionAttribution(Transformer model, HookPoint site, Sae sae) {
    int layer = site.layer().orElseThrow();
    this.model = model;
    this.site = site;
    this.sae = sae;
    this.z = HookPoint.inBlock(layer, Z);
    this.values = HookPoint.inBlock(layer, "attn.hook_v");
    this.pattern = HookPoint.inBlock(layer, "attn.hook_pattern");
  }

  /** Returns whether activations at a hook point are sums over heads and source tokens. */
  public static boolean isPossible(HookPoint site) {
    return site.layer().isPresent() && (site.site().equals(Z) || site.site().equals(OUT));
  }

  /**
   * Returns the attribution of an autoencoder.
   *
   * @param model whose activations it encodes, on the same device
   * @param site {@code blocks.L.attn.hook_z} or {@code blocks.L.hook_attn_out}
   * @param sae for activations as the model makes them
   * @throws IllegalArgumentException when the hook point is another one, has another width, or the
   *     autoencoder is not linear up to its activation function
   */
  public static AttentionAttribution of(Transformer model, HookPoint site, Sae sae) {
    if (!isPossible(site)) {
      throw new IllegalArgumentException(
          "attribution: %s is not what attention makes; the autoencoder must be of %s or %s"
              .formatted(site, Z, OUT));
    }
    if (model.width(site) != sae.dIn()) {
      throw new IllegalArgumentException(
          "attribution: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(site, model.width(site), sae.dIn()));
    }
    if (sae instanceof NormalizedSae) {
      throw new IllegalArgumentException(
          "attribution: the autoencoder normalises each activation; its pre-activations must be"
              + " linear");
    }
    return new AttentionAttribution(model, site, sae);
  }

  /**
   * Runs a text and splits a latent's pre-activation at one of its tokens.
   *
   * @param ids the text
   * @param position the token's place in it
   * @throws IllegalArgumentException when there is no such token or latent, or the model does not
   *     take the text
   */
  public DirectFeatureAttribution at(int[] ids, int position, int latent) {
    requireWithin("position", position, ids.length);
    requireWithin("latent", latent, sae.dSae());
    TokenBatch batch = TokenBatch.ofIds(List.of(ids));
    try (GradientRun run =
        model.runForGradients(batch, new HashSet<>(List.of(site, z, values, pattern)), Map.of())) {
      float[] encoder = host(sae.weights().wEnc().row(latent));
      float[] direction = site.equals(z) ? encoder : backThroughOutput(run, position, latent);
      double[][] contributions = contributions(run, position, direction);
      double preActivation = preActivation(host(run.at(site).row(position)), encoder, latent);
      double read = dot(host(run.at(z).row(position)), 0, direction, 0, direction.length);
      return new DirectFeatureAttribution(
          latent, position, preActivation, preActivation - read, contributions);
    }
  }

  private static void requireWithin(String name, int number, int end) {
    if (number < 0 || number >= end) {
      throw new IllegalArgumentException(
          "%s: is %d; it must lie within 0 to %d".formatted(name, number, end - 1));
    }
  }

  private float[] host(FloatMatrix row) {
    return sae.device().toHost(row);
  }

  private double preActivation(float[] x, float[] encoder, int latent) {
    double sum = host(sae.weights().bEnc())[latent] + dot(x, 0, encoder, 0, x.length);
    return sae.config().centresInput()
        ? sum - dot(host(sae.weights().bDec()), 0, encoder, 0, x.length)
        : sum;
  }

  private float[] backThroughOutput(GradientRun run, int position, int latent) {
    Device device = model.device();
    Kernels kernels = device.kernels();
    Map<HookPoint, Edit> edits = new HashMap<>();
    edits.put(
        site,
        (gradient, _) -> {
          kernels.fill(gradient, 0);
          kernels.copy(gradient.row(position), sae.weights().wEnc().row(latent));
        });
    HookPoint scale = HookPoint.inBlock(site.layer().orElseThrow(), "ln1_post.hook_scale");
    if (model.hookPoints().contains(scale)) {
      edits.put(scale, (gradient, _) -> kernels.fill(gradient, 0));
    }
    FloatMatrix nothing = device.floats(run.output().rows(), run.output().cols());
    return host(run.backward(nothing, Set.of(z), edits).at(z).row(position));
  }

  private double[][] contributions(GradientRun run, int position, float[] direction) {
    AttentionConfig attention = model.config().attention();
    int heads = attention.heads();
    int dHead = model.config().dHead();
    int valueHeads = attention.keyValueHeads();
    float[] looks = host(run.at(pattern).row(position));
    float[] brought = model.device().toHost(run.at(values));
    int sources = looks.length / heads;
    double[][] contributions = new double[heads][sources];
    for (int h = 0; h < heads; h++) {
      int valueHead = h / (heads / valueHeads);
      for (int s = 0; s < sources; s++) {
        int at = (s * valueHeads + valueHead) * dHead;
        contributions[h][s] =
            looks[h * sources + s] * dot(brought, at, direction, h * dHead, dHead);
      }
    }
    return contributions;
  }

  private static double dot(float[] a, int fromA, float[] b, int fromB, int count) {
    double sum = 0;
    for (int j = 0; j < count; j++) {
      sum += (double) a[fromA + j] * b[fromB + j];
    }
    return sum;
  }
}
