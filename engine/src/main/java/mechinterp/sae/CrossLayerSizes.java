package mechinterp.sae;

/**
 * The sizes of a {@link CrossLayerTranscoder}.
 *
 * @param layers number of layers
 * @param dModel width of the activations at each, of what is encoded and of what is made
 * @param dSae number of latents of each layer
 * @param skip whether x_t W_skip_t^T is added to what is made at layer t
 */
public record CrossLayerSizes(int layers, int dModel, int dSae, boolean skip) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public CrossLayerSizes {
    CrosscoderConfig.requireLayers(layers, dModel);
    Sizes.requirePositive("d_sae", dSae);
  }

  /** Returns how many numbers the weights and thresholds have. */
  public long parameters() {
    long written = (long) layers * (layers + 1) / 2 * dSae * dModel;
    long ofLatents = (long) layers * dSae * (dModel + 2L);
    long skips = skip ? (long) layers * dModel * dModel : 0;
    return written + ofLatents + skips + (long) layers * dModel;
  }

  /** Returns the name of the kind. */
  public String architecture() {
    return CrossLayerTranscoderConfig.ARCHITECTURE;
  }

  /**
   * Returns what the latents of one layer are: a transcoder from its activations to those that it
   * writes, of this layer and of all later ones side by side.
   *
   * @param layer from 0
   */
  public JumpReluTranscoderConfig ofLayer(int layer) {
    return new JumpReluTranscoderConfig(dModel, (layers - layer) * dModel, dSae, false);
  }
}
