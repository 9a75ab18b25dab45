package mechinterp.sae;

/**
 * A GroupMax sparse autoencoder (EleutherAI/sparsify): the latents stand in k groups of d_sae / k,
 * one behind the other, and of each the largest is active on a token, where it is positive.
 *
 * @param dIn width of an activation
 * @param dSae number of latents, a multiple of k
 * @param k number of groups: largest number of active latents of a token
 */
public record GroupMaxConfig(int dIn, int dSae, int k) implements SaeConfig {
  /** The name of this kind in JSON, and of its activation in sparsify. */
  public static final String ARCHITECTURE = "groupmax";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public GroupMaxConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
    if (dSae % k != 0) {
      throw new IllegalArgumentException(
          "d_sae: is %d, k is %d; d_sae must be a multiple of k".formatted(dSae, k));
    }
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
