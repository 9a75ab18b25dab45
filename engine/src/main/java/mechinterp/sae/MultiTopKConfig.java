package mechinterp.sae;

/**
 * A TopK sparse autoencoder that is trained to reconstruct with more latents, too (Multi-TopK, Gao
 * et al. 2024, arXiv 2406.04093, section 5.3): its loss is L(k) + L(4 k) / 8, so that it does not
 * break down where more than k latents are used. Afterwards it is a TopK autoencoder.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param k largest number of active latents of a token; at most d_sae / 4
 */
public record MultiTopKConfig(int dIn, int dSae, int k) implements SaeConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "multi_topk";

  private static final int MORE = 4;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public MultiTopKConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requirePositive("k", k);
    if (k > dSae / MORE) {
      throw new IllegalArgumentException(
          "k: is %d, d_sae is %d; k must be at most d_sae / 4".formatted(k, dSae));
    }
  }

  /** Returns how many latents the second loss has. */
  public int moreK() {
    return MORE * k;
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
