package mechinterp.sae;

import java.util.Optional;

/**
 * A sparse autoencoder with ReLU and a penalty on the p-th powers of the activations, whose p falls
 * while it is trained (Karvonen et al. 2024, arXiv 2408.00113). What it is afterwards is a {@link
 * StandardConfig}.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param sparsity the weight of the penalty
 * @param annealing the course of p
 */
public record PAnnealConfig(int dIn, int dSae, SparsityConfig sparsity, AnnealingConfig annealing)
    implements SaeConfig {
  /** The name of this kind in dictionary_learning. */
  public static final String ARCHITECTURE = "p_anneal";

  private static final double FIRST_COEFFICIENT = 0.1;

  /** A falling exponent takes latents away for good; with k to begin with L0 ended below k. */
  private static final int FIRST_OVER_K = 4;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public PAnnealConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
  }

  /**
   * Returns one whose penalty is moved so that {@code k} latents are active on a token in the mean,
   * with the default course of p.
   */
  public static PAnnealConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    int initialL0 = FIRST_OVER_K * k;
    return new PAnnealConfig(
        dIn,
        dSae,
        SparsityConfig.reaching(k, FIRST_COEFFICIENT, initialL0),
        AnnealingConfig.defaults());
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public Optional<SparsityConfig> sparsityPenalty() {
    return Optional.of(sparsity);
  }
}
