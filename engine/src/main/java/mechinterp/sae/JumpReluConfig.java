package mechinterp.sae;

/**
 * A JumpReLU sparse autoencoder (Rajamanoharan et al. 2024, arXiv 2407.14435): latents above
 * thresholds of their own are active.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 */
public record JumpReluConfig(int dIn, int dSae) implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "jumprelu";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JumpReluConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
