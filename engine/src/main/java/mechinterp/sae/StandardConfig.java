package mechinterp.sae;

import java.util.Optional;

/**
 * A sparse autoencoder with ReLU and an L1 penalty (Bricken et al. 2023; with the decoder's norms
 * in the penalty, Anthropic's update of April 2024).
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param sparsity how it is trained; empty for one that was loaded, which is not trained
 */
public record StandardConfig(int dIn, int dSae, Optional<SparsityConfig> sparsity)
    implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "standard";

  private static final double FIRST_COEFFICIENT = 0.1;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public StandardConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
  }

  /** One that is not trained. */
  public StandardConfig(int dIn, int dSae) {
    this(dIn, dSae, Optional.empty());
  }

  /**
   * Returns one whose penalty is moved so that {@code k} latents are active on a token in the mean.
   */
  public static StandardConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    return new StandardConfig(
        dIn, dSae, Optional.of(SparsityConfig.reaching(k, FIRST_COEFFICIENT)));
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public Optional<SparsityConfig> sparsityPenalty() {
    return sparsity;
  }
}
