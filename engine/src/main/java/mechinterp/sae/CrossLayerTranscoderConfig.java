package mechinterp.sae;

/**
 * A {@link CrossLayerConfig} with k of a batch:
 *
 * <pre>  f = BatchTopK of relu(z_0), .., relu(z_L-1)        of all layers together</pre>
 *
 * @param layers number of layers L
 * @param dModel width of the activations at each, of what is encoded and of what is made
 * @param dSae number of latents of all layers together, a multiple of the layers
 * @param k mean number of active latents of a token, at all layers together
 */
public record CrossLayerTranscoderConfig(int layers, int dModel, int dSae, int k)
    implements CrossLayerConfig {
  /** The name of this kind: circuit-tracer's {@code model_kind}. */
  public static final String ARCHITECTURE = "cross_layer_transcoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public CrossLayerTranscoderConfig {
    CrossLayerConfig.requireSizes(layers, dModel, dSae);
    Sizes.requireActive(k, dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
