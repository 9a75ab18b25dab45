package mechinterp.sae;

import java.util.Collections;
import java.util.List;

/**
 * A crosscoder whose latents are active above thresholds: what a {@link CrosscoderConfig} with k of
 * a batch is after its training.
 *
 * @param layers number of hook points
 * @param dModel width of the activations at each
 * @param dSae number of latents
 */
public record JumpReluCrosscoderConfig(int layers, int dModel, int dSae) implements SaeConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "jumprelu_crosscoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JumpReluCrosscoderConfig {
    CrosscoderConfig.requireLayers(layers, dModel);
    Sizes.requirePositive("d_sae", dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public int dIn() {
    return layers * dModel;
  }

  @Override
  public List<Integer> siteWidths() {
    return Collections.nCopies(layers, dModel);
  }

  @Override
  public boolean centresInput() {
    return false;
  }
}
