package mechinterp.experiments.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluCrossLayerTranscoderConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import tools.jackson.databind.JsonNode;

/**
 * What kind of autoencoder to train, for activations of any width.
 *
 * @param architecture the kind
 * @param dSae number of latents
 * @param k largest number of active latents of a token; for kinds that do not fix it, the mean
 *     number that they shall reach
 * @param kScope what k is the number of active latents of, for kinds that leave the choice; {@link
 *     KScope#TOKEN} of transcoders and {@link KScope#BATCH} of crosscoders where it is left out
 * @param options fields of the kind's configuration that shall differ from its defaults, by name;
 *     null takes an optional one away
 */
public record SaeSettings(
    Kind architecture, int dSae, int k, Optional<KScope> kScope, Optional<JsonNode> options) {
  /** Takes options that are null as options that are left out. */
  public SaeSettings {
    options = options.filter(node -> !node.isNull());
  }

  /** Settings with the kind's defaults. */
  public SaeSettings(Kind architecture, int dSae, int k) {
    this(architecture, dSae, k, Optional.empty(), Optional.empty());
  }

  /** Returns the settings with another number of active latents. */
  public SaeSettings withK(int number) {
    return new SaeSettings(architecture, dSae, number, kScope, options);
  }

  /** Returns these settings with one more option, or another value of one. */
  public SaeSettings withOption(String name, Object value) {
    Map<String, Object> all = new LinkedHashMap<>();
    options.ifPresent(given -> given.forEachEntry(all::put));
    all.put(name, value);
    return new SaeSettings(architecture, dSae, k, kScope, Optional.of(Json.node(all)));
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
    /** {@link StandardConfig}. */
    STANDARD,
    /** {@link PAnnealConfig}. */
    PANNEAL,
    /** {@link JumpReluConfig}. */
    JUMPRELU,
    /** {@link GatedConfig}. */
    GATED,
    /** {@link TranscoderConfig} of a store of two hook points. */
    TRANSCODER,
    /** {@link TranscoderConfig} with a skip connection. */
    SKIP_TRANSCODER,
    /** {@link CrosscoderConfig} of a store of two or more hook points of the same width. */
    CROSSCODER,
    /**
     * {@link CrossLayerTranscoderConfig} of a store of what goes into all MLPs and what comes out.
     */
    CROSS_LAYER_TRANSCODER,
    /** {@link JumpReluCrossLayerTranscoderConfig} of such a store. */
    JUMPRELU_CROSS_LAYER_TRANSCODER,
    /** {@link MultiTopKConfig}. */
    MULTI_TOPK,
    /** {@link GroupMaxConfig}. */
    GROUPMAX,
    /** {@link SwitchConfig}. */
    SWITCH;

    private boolean takes(int hookPoints) {
      return switch (this) {
        case TRANSCODER, SKIP_TRANSCODER -> hookPoints == 2;
        case CROSSCODER -> hookPoints >= 2;
        case CROSS_LAYER_TRANSCODER, JUMPRELU_CROSS_LAYER_TRANSCODER ->
            hookPoints >= 2 && hookPoints % 2 == 0;
        default -> hookPoints == 1;
      };
    }

    private boolean isCrossLayer() {
      return this == CROSS_LAYER_TRANSCODER || this == JUMPRELU_CROSS_LAYER_TRANSCODER;
    }

    private boolean leavesScope() {
      return this == TRANSCODER || this == SKIP_TRANSCODER || this == CROSSCODER;
    }

    private String fieldName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Returns the configuration for activations of a width.
   *
   * @throws IllegalArgumentException with the JSON field's name when a size is out of its range or
   *     an option is not one of the kind
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
    if (architecture.isCrossLayer()) {
      CrossLayerSites.require(sites);
    }
    SaeConfig defaults = defaults(sites);
    return options.map(changes -> changed(defaults, changes)).orElse(defaults);
  }

  private SaeConfig defaults(List<Site> sites) {
    int dIn = sites.getFirst().width();
    int dOut = sites.getLast().width();
    KScope scope = kScope.orElse(KScope.TOKEN);
    return switch (architecture) {
      case TOPK -> new TopKConfig(dIn, dSae, k);
      case BATCHTOPK -> new BatchTopKConfig(dIn, dSae, k);
      case MATRYOSHKA -> MatryoshkaConfig.of(dIn, dSae, k);
      case HYBRID -> HybridSaeConfig.of(dIn, dSae, k);
      case STANDARD -> StandardConfig.of(dIn, dSae, k);
      case JUMPRELU -> JumpReluConfig.of(dIn, dSae, k);
      case GATED -> GatedConfig.of(dIn, dSae, k);
      case PANNEAL -> PAnnealConfig.of(dIn, dSae, k);
      case TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, false);
      case MULTI_TOPK -> new MultiTopKConfig(dIn, dSae, k);
      case GROUPMAX -> new GroupMaxConfig(dIn, dSae, k);
      case SWITCH -> SwitchConfig.of(dIn, dSae, k);
      case CROSSCODER ->
          new CrosscoderConfig(
              sites.size(), sharedWidth(sites), dSae, k, kScope.orElse(KScope.BATCH));
      case CROSS_LAYER_TRANSCODER ->
          new CrossLayerTranscoderConfig(sites.size() / 2, sharedWidth(sites), dSae, k);
      case JUMPRELU_CROSS_LAYER_TRANSCODER ->
          JumpReluCrossLayerTranscoderConfig.of(sites.size() / 2, sharedWidth(sites), dSae, k);
      case SKIP_TRANSCODER -> new TranscoderConfig(dIn, dOut, dSae, k, scope, true);
    };
  }

  private int sharedWidth(List<Site> sites) {
    int width = sites.getFirst().width();
    for (Site site : sites) {
      if (site.width() != width) {
        throw new IllegalArgumentException(
            "architecture: is %s; %s is %d wide, %s %d; they must be equal"
                .formatted(
                    architecture.fieldName(),
                    sites.getFirst().hook(),
                    width,
                    site.hook(),
                    site.width()));
      }
    }
    return width;
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

  private static SaeConfig changed(SaeConfig defaults, JsonNode changes) {
    try {
      return Json.changed("sae.options", defaults, changes, SaeConfig.class);
    } catch (FormatException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }
}
