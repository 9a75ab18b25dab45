package mechinterp.experiments.run;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
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
 *     KScope#TOKEN} of transcoders and {@link KScope#BATCH} of crosscoders where it is left out
 * @param hybrid settings of a hybrid; its defaults where they are left out
 */
public record SaeSettings(
    Kind architecture, int dSae, int k, Optional<KScope> kScope, Optional<HybridSettings> hybrid) {
  /** Settings with the kind's own scope of k. */
  public SaeSettings(Kind architecture, int dSae, int k) {
    this(architecture, dSae, k, Optional.empty(), Optional.empty());
  }

  /** The kinds. */
  public enum Kind {
    /** {@link TopKConfig}. */
    TOPK,
    /** {@link BatchTopKConfig}. */
    BATCHTOPK,
    /** {@link MatryoshkaConfig}, its prefixes halving from d_sae. */
    MATRYOSHKA,
    /** {@link HybridSaeConfig}. */
    HYBRID,
    /** {@link TranscoderConfig} of a store of two hook points. */
    TRANSCODER,
    /** {@link TranscoderConfig} with a skip connection. */
    SKIP_TRANSCODER,
    /** {@link CrosscoderConfig} of a store of two or more hook points of the same width. */
    CROSSCODER,
    /** {@link MultiTopKConfig}. */
    MULTI_TOPK,
    /** {@link GroupMaxConfig}. */
    GROUPMAX;

    private boolean takes(int hookPoints) {
      return switch (this) {
        case TRANSCODER, SKIP_TRANSCODER -> hookPoints == 2;
        case CROSSCODER -> hookPoints >= 2;
        default -> hookPoints == 1;
      };
    }

    private boolean leavesScope() {
      return !takes(1);
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
    requireHybrid();
    int dIn = sites.getFirst().width();
    int dOut = sites.getLast().width();
    KScope scope = kScope.orElse(KScope.TOKEN);
    return switch (architecture) {
      case TOPK -> new TopKConfig(dIn, dSae, k);
      case BATCHTOPK -> new BatchTopKConfig(dIn, dSae, k);
      case MATRYOSHKA -> MatryoshkaConfig.of(dIn, dSae, k);
      case HYBRID -> hybrid(HybridSaeConfig.of(dIn, dSae, k));
      case TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, false);
      case MULTI_TOPK -> new MultiTopKConfig(dIn, dSae, k);
      case GROUPMAX -> new GroupMaxConfig(dIn, dSae, k);
      case CROSSCODER ->
          new CrosscoderConfig(
              sites.size(), sharedWidth(sites), dSae, k, kScope.orElse(KScope.BATCH));
      case SKIP_TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, true);
    };
  }

  private static int sharedWidth(List<Site> sites) {
    int width = sites.getFirst().width();
    for (Site site : sites) {
      if (site.width() != width) {
        throw new IllegalArgumentException(
            "architecture: is crosscoder; %s is %d wide, %s %d; they must be equal"
                .formatted(sites.getFirst().hook(), width, site.hook(), site.width()));
      }
    }
    return width;
  }

  private HybridSaeConfig hybrid(HybridSaeConfig defaults) {
    return hybrid.map(settings -> settings.apply(defaults)).orElse(defaults);
  }

  private void requireHybrid() {
    if (hybrid.isPresent() && architecture != Kind.HYBRID) {
      throw new IllegalArgumentException(
          "hybrid: is there, but the kind is %s".formatted(architecture.fieldName()));
    }
  }

  private void requireHookPoints(List<Site> sites) {
    if (!architecture.takes(sites.size())) {
      throw new IllegalArgumentException(
          "architecture: is %s, which is not of %d hook points; the activations are of %s"
              .formatted(
                  architecture.fieldName(),
                  sites.size(),
                  sites.stream().map(Site::hook).collect(Collectors.joining(", "))));
    }
    if (kScope.isPresent() && !architecture.leavesScope()) {
      throw new IllegalArgumentException(
          "k_scope: is there, but the kind %s has a scope of its own"
              .formatted(architecture.fieldName()));
    }
  }
}
