package mechinterp.sae;

import java.util.Collections;
import java.util.List;

/**
 * A crosscoder (Lindsey et al. 2024, "Sparse Crosscoders for Cross-Layer Features and Model
 * Diffing"): one set of latents for the activations of several hook points, as wide as each other,
 * mostly layers: encoded from all of them, and making all of them.
 *
 * @param layers number of hook points
 * @param dModel width of the activations at each
 * @param dSae number of latents
 * @param k number of active latents
 * @param kScope what it is the number of
 * @param score by what they are chosen
 */
public record CrosscoderConfig(
    int layers, int dModel, int dSae, int k, KScope kScope, CrosscoderScore score)
    implements SaeConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "crosscoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public CrosscoderConfig {
    requireLayers(layers, dModel);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
  }

  /** One whose latents are chosen by their activations. */
  public CrosscoderConfig(int layers, int dModel, int dSae, int k, KScope kScope) {
    this(layers, dModel, dSae, k, kScope, CrosscoderScore.ACTIVATION);
  }

  /** Returns a crosscoder with k latents active in the mean over a batch. */
  public static CrosscoderConfig of(int layers, int dModel, int dSae, int k) {
    return new CrosscoderConfig(layers, dModel, dSae, k, KScope.BATCH);
  }

  static void requireLayers(int layers, int dModel) {
    Sizes.requirePositive("layers", layers);
    Sizes.requirePositive("d_model", dModel);
    if ((long) layers * dModel > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "layers: are %d of d_model %d; all together must be narrower than 2^31"
              .formatted(layers, dModel));
    }
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
