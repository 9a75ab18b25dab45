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
    requirePositive("d_in", dIn);
    requirePositive("d_sae", dSae);
    requirePositive("k", k);
    if (k > dSae) {
      throw new IllegalArgumentException(
          "k: is %d, d_sae is %d; k must be at most d_sae".formatted(k, dSae));
    }
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }
}
