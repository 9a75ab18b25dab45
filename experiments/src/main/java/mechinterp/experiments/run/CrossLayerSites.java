package mechinterp.experiments.run;

import java.util.List;
import mechinterp.activation.Site;
import mechinterp.model.HookPoint;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeMetadata;

/**
 * The hook points of a cross-layer transcoder: what goes into the MLPs of layers 0, 1, .., and what
 * comes out of the same, in this order.
 */
public final class CrossLayerSites {
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
    boolean isCrossLayer = sae.config() instanceof CrossLayerTranscoderConfig;
    return isCrossLayer && metadata.fields().get(SaeSource.HOOK_NAMES) instanceof List<?> hooks
        ? metadata
            .with("feature_input_hook", siteOf(String.valueOf(hooks.getFirst())))
            .with("feature_output_hook", siteOf(String.valueOf(hooks.getLast())))
        : metadata;
  }
}
