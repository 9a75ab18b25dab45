package mechinterp.sae;

/**
 * A TopK sparse autoencoder (Gao et al. 2024, arXiv 2406.04093): at most k latents are active on a
 * token.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param k largest number of active latents of a token
 */
public record TopKConfig(int dIn, int dSae, int k) implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "topk";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public TopKConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
