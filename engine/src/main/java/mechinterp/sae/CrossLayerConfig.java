package mechinterp.sae;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A cross-layer transcoder as it is trained (Ameisen et al. 2025, "Circuit Tracing"): an
 * autoencoder whose latents stand in as many equal parts as there are layers, one behind the other.
 * Those of layer i see what goes into the MLP of that layer and write to what comes out of the MLPs
 * of that layer and of all later ones:
 *
 * <pre>
 *   z_i  = x_i W_enc_i + b_enc_i                          W_enc_i [d_model, d_sae / layers]
 *   f    = what the kind keeps of z_0, .., z_L-1
 *   y^_t = sum over i &lt;= t of f_i W_dec_i,t + b_dec_t   W_dec_i,t [d_sae / layers, d_model]
 * </pre>
 *
 * A row of its data has what goes into the MLPs, layer by layer, then what comes out of them.
 * {@link CrossLayerTranscoder#of} is what it is after training.
 */
public sealed interface CrossLayerConfig extends SaeConfig
    permits CrossLayerTranscoderConfig, JumpReluCrossLayerTranscoderConfig {
  /** Returns the number of layers L. */
  int layers();

  /** Returns the width of the activations at each, of what is encoded and of what is made. */
  int dModel();

  /** Returns the number of latents of a layer. */
  default int latentsOfLayer() {
    return dSae() / layers();
  }

  @Override
  default int dIn() {
    return layers() * dModel();
  }

  @Override
  default List<Integer> siteWidths() {
    return Collections.nCopies(2 * layers(), dModel());
  }

  @Override
  default List<Integer> targetWidths() {
    return Collections.nCopies(layers(), dModel());
  }

  @Override
  default boolean centresInput() {
    return false;
  }

  @Override
  default List<LatentBlock> blocks() {
    int latents = latentsOfLayer();
    int dModel = dModel();
    return IntStream.range(0, layers())
        .mapToObj(layer ->
            new LatentBlock(
                layer * latents,
                (layer + 1) * latents,
                layer * dModel,
                (layer + 1) * dModel,
                layer * dModel))
        .toList();
  }

  /** Checks the sizes, with the JSON field's name in the message. */
  static void requireSizes(int layers, int dModel, int dSae) {
    CrosscoderConfig.requireLayers(layers, dModel);
    Sizes.requirePositive("d_sae", dSae);
    if (dSae % layers != 0) {
      throw new IllegalArgumentException(
          "d_sae: is %d, layers are %d; d_sae is of all layers together and must be a multiple of them"
              .formatted(dSae, layers));
    }
  }
}
