package mechinterp.experiments.run;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Site;
import mechinterp.model.HookPoint;
import mechinterp.sae.CrossLayerConfig;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.Sae;
import mechinterp.sae.file.LoadedCrossLayerTranscoder;
import mechinterp.sae.file.SaeMetadata;

/**
 * The hook points of a cross-layer transcoder: what goes into the MLPs of layers 0, 1, .., and what
 * comes out of the same, in this order.
 */
public final class CrossLayerSites {
  private static final String INPUT = "feature_input_hook";
  private static final String OUTPUT = "feature_output_hook";

  private CrossLayerSites() {}

  /**
   * Checks the order of hook points.
   *
   * @throws IllegalArgumentException naming the first that is out of it
   */
  static void require(List<Site> sites) {
    int layers = sites.size() / 2;
    for (int half = 0; half < 2; half++) {
      String site = siteOf(sites.get(half * layers).hook());
      for (int layer = 0; layer < layers; layer++) {
        String found = sites.get(half * layers + layer).hook();
        String expected = HookPoint.inBlock(layer, site).toString();
        if (!found.equals(expected)) {
          throw new IllegalArgumentException(
              "architecture: is cross_layer_transcoder of %d layers; hook point %d is %s, expected %s: first what goes into the MLPs of layers 0, 1, .., then what comes out of them"
                  .formatted(layers, half * layers + layer + 1, found, expected));
        }
      }
    }
  }

  /**
   * Returns what a store holds of what a cross-layer transcoder sees and makes: all of it, or of
   * more hook points those that its files name.
   *
   * @throws IllegalArgumentException when the width or the order of the hook points is another one
   */
  public static ActivationStore fitting(LoadedCrossLayerTranscoder loaded, ActivationStore store) {
    CrossLayerSizes sizes = loaded.transcoder().config();
    int width = 2 * sizes.layers() * sizes.dModel();
    ActivationStore own =
        width < store.dIn() ? named(loaded.metadata(), sizes.layers(), store) : store;
    SaeSource.requireWidth(own, "2 layers d_model", width);
    if (own.identity().isPresent()) {
      require(own.sites());
      String found = siteOf(own.sites().getFirst().hook());
      loaded
          .metadata()
          .text(INPUT)
          .filter(site -> !site.equals(found))
          .ifPresent(site -> {
            throw new IllegalArgumentException(
                "%s: what goes into the MLPs is %s; the cross-layer transcoder's %s is %s"
                    .formatted(own.name(), found, INPUT, site));
          });
    }
    return own;
  }

  private static ActivationStore named(SaeMetadata metadata, int layers, ActivationStore store) {
    List<String> hooks =
        Stream.of(metadata.text(INPUT), metadata.text(OUTPUT))
            .flatMap(Optional::stream)
            .flatMap(site ->
                IntStream.range(0, layers)
                    .mapToObj(layer -> HookPoint.inBlock(layer, site).toString()))
            .toList();
    List<String> held = store.sites().stream().map(Site::hook).toList();
    return hooks.size() == 2 * layers && Collections.indexOfSubList(held, hooks) >= 0
        ? store.at(hooks)
        : store;
  }

  private static String siteOf(String hook) {
    return HookPoint.parse(hook).site();
  }

  /**
   * Returns metadata for the files of what was trained: of a cross-layer transcoder with the sites
   * in each block that it encodes and makes, by circuit-tracer's names.
   *
   * @param metadata of the activations
   */
  public static SaeMetadata describe(SaeMetadata metadata, Sae sae) {
    boolean isCrossLayer = sae.config() instanceof CrossLayerConfig;
    return isCrossLayer && metadata.fields().get(SaeSource.HOOK_NAMES) instanceof List<?> hooks
        ? metadata
            .with(INPUT, siteOf(String.valueOf(hooks.getFirst())))
            .with(OUTPUT, siteOf(String.valueOf(hooks.getLast())))
        : metadata;
  }
}
