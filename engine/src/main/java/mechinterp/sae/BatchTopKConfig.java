package mechinterp.sae;

/**
 * A BatchTopK sparse autoencoder (Bussmann et al. 2024, arXiv 2412.06410): in training k latents
 * are active on a token of a batch in the mean; afterwards those above a threshold that was learned
 * from the batches.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param k mean number of active latents of a token
 */
public record BatchTopKConfig(int dIn, int dSae, int k) implements SaeConfig {
  /** The name of this kind in SAELens. */
  public static final String ARCHITECTURE = "batchtopk";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public BatchTopKConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
