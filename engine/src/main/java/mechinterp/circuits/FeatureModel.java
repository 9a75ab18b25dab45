package mechinterp.circuits;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;

/**
 * A model with autoencoders at some of its hook points. An activation x there is the sum of its
 * active latents and of what they leave over,
 *
 * <pre>  x = sum over i of f_i W_dec[i] + error</pre>
 *
 * so the model computes what it always does, and each term can be changed by itself. The error has
 * b_dec in it, and the f_i of an autoencoder that normalises activations are multiplied by the
 * token's scale. Special tokens are all error, since autoencoders are not trained on them. Source:
 * Marks et al. 2024 (arXiv:2403.19647).
 *
 * @param model the model
 * @param sites its autoencoders, in the order of computation
 */
public record FeatureModel(Transformer model, List<FeatureSite> sites) {
  /**
   * Brings the sites into the order of computation.
   *
   * @throws IllegalArgumentException when there is no site, a hook point does not exist, has
   *     another width or two autoencoders, or an autoencoder does not reconstruct what it encodes
   */
  public FeatureModel {
    if (sites.isEmpty()) {
      throw new IllegalArgumentException(
          "features: there is no autoencoder; there must be at least one");
    }
    Set<HookPoint> seen = new HashSet<>();
    for (FeatureSite site : sites) {
      requireFits(model, site);
      if (!seen.add(site.hook())) {
        throw new IllegalArgumentException(
            "features: %s has two autoencoders; there can be one".formatted(site.hook()));
      }
    }
    List<HookPoint> order = new ArrayList<>(model.hookPoints());
    sites =
        sites.stream().sorted(Comparator.comparingInt(site -> order.indexOf(site.hook()))).toList();
  }

  private static void requireFits(Transformer model, FeatureSite site) {
    Sae sae = site.sae();
    if (model.width(site.hook()) != sae.dIn()) {
      throw new IllegalArgumentException(
          "features: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(site.hook(), model.width(site.hook()), sae.dIn()));
    }
    if (sae.config().siteWidths().size() != 1 || sae.skip().isPresent()) {
      throw new IllegalArgumentException(
          "features: the %s at %s makes something else than it encodes; it must be an autoencoder"
              .formatted(sae.config().architecture(), site.hook()));
    }
  }

  /** Returns the hook points, in the order of computation. */
  List<HookPoint> hooks() {
    return sites.stream().map(FeatureSite::hook).toList();
  }
}
