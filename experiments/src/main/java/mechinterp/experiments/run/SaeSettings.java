package mechinterp.experiments.run;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;

/**
 * What kind of autoencoder to train, for activations of any width.
 *
 * @param architecture the kind
 * @param dSae number of latents
 * @param k largest number of active latents of a token; for BatchTopK and Matryoshka the mean
 *     number
 * @param kScope what k is the number of active latents of, for kinds that leave the choice; {@link
 *     KScope#TOKEN} where it is left out
 */
public record SaeSettings(Kind architecture, int dSae, int k, Optional<KScope> kScope) {
  /** Settings with the kind's own scope of k. */
  public SaeSettings(Kind architecture, int dSae, int k) {
    this(architecture, dSae, k, Optional.empty());
  }

  /** The kinds. */
  public enum Kind {
    /** {@link TopKConfig}. */
    TOPK,
    /** {@link BatchTopKConfig}. */
    BATCHTOPK,
    /** {@link MatryoshkaConfig}, its prefixes halving from d_sae. */
    MATRYOSHKA,
    /** {@link HybridSaeConfig} with its defaults. */
    HYBRID,
    /** {@link TranscoderConfig} of a store of two hook points. */
    TRANSCODER,
    /** {@link TranscoderConfig} with a skip connection. */
    SKIP_TRANSCODER;

    private int hookPoints() {
      return this == TRANSCODER || this == SKIP_TRANSCODER ? 2 : 1;
    }

    private String fieldName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Returns the configuration for activations of a width.
   *
   * @throws IllegalArgumentException with the JSON field's name when a size is out of its range
   */
  public SaeConfig config(int dIn) {
    return config(List.of(new Site("activations", dIn, Normalization.NONE)));
  }

  /**
   * Returns the configuration for activations of some hook points.
   *
   * @throws IllegalArgumentException also when the kind is of more or fewer hook points, or has a
   *     scope of k of its own
   */
  public SaeConfig config(List<Site> sites) {
    requireHookPoints(sites);
    int dIn = sites.getFirst().width();
    int dOut = sites.getLast().width();
    KScope scope = kScope.orElse(KScope.TOKEN);
    return switch (architecture) {
      case TOPK -> new TopKConfig(dIn, dSae, k);
      case BATCHTOPK -> new BatchTopKConfig(dIn, dSae, k);
      case MATRYOSHKA -> MatryoshkaConfig.of(dIn, dSae, k);
      case HYBRID -> HybridSaeConfig.of(dIn, dSae, k);
      case TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, false);
      case SKIP_TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, true);
    };
  }

  private void requireHookPoints(List<Site> sites) {
    if (sites.size() != architecture.hookPoints()) {
      throw new IllegalArgumentException(
          "architecture: is %s, of hook points %d; the activations are of %d: %s"
              .formatted(
                  architecture.fieldName(),
                  architecture.hookPoints(),
                  sites.size(),
                  sites.stream().map(Site::hook).collect(Collectors.joining(", "))));
    }
    if (kScope.isPresent() && architecture.hookPoints() == 1) {
      throw new IllegalArgumentException(
          "k_scope: is there, but the kind %s has a scope of its own"
              .formatted(architecture.fieldName()));
    }
  }
}
