package mechinterp.sae;

import java.util.Optional;

/**
 * A {@link CrossLayerConfig} with thresholds that are trained, as in the paper:
 *
 * <pre>  f_i = z_i where z_i &gt; threshold_i, else 0</pre>
 *
 * with {@link JumpReluPenalty#TANH} its penalty is the paper's too, since a row of W_dec has what a
 * latent writes to all layers.
 *
 * @param layers number of layers L
 * @param dModel width of the activations at each, of what is encoded and of what is made
 * @param dSae number of latents of all layers together, a multiple of the layers
 * @param training how thresholds are trained; its target is of all layers together
 */
public record JumpReluCrossLayerTranscoderConfig(
    int layers, int dModel, int dSae, JumpReluTraining training) implements CrossLayerConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "jumprelu_cross_layer_transcoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JumpReluCrossLayerTranscoderConfig {
    CrossLayerConfig.requireSizes(layers, dModel, dSae);
  }

  /**
   * Returns one that is trained until {@code k} latents are active on a token in the mean, at all
   * layers together.
   */
  public static JumpReluCrossLayerTranscoderConfig of(int layers, int dModel, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    return new JumpReluCrossLayerTranscoderConfig(
        layers, dModel, dSae, JumpReluTraining.reaching(k));
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public Optional<SparsityConfig> sparsityPenalty() {
    return Optional.of(training.sparsity());
  }
}
