package mechinterp.sae;

import java.util.Optional;

/**
 * A JumpReLU sparse autoencoder (Rajamanoharan et al. 2024, arXiv 2407.14435): latents above
 * thresholds of their own are active.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param training how it is trained; empty for one that was loaded, which is not trained
 */
public record JumpReluConfig(int dIn, int dSae, Optional<JumpReluTraining> training)
    implements SaeConfig {
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

  /** One that is not trained. */
  public JumpReluConfig(int dIn, int dSae) {
    this(dIn, dSae, Optional.empty());
  }

  /** Returns one that is trained until {@code k} latents are active on a token in the mean. */
  public static JumpReluConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    return new JumpReluConfig(dIn, dSae, Optional.of(JumpReluTraining.reaching(k)));
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public Optional<SparsityConfig> sparsityPenalty() {
    return training.map(JumpReluTraining::sparsity);
  }
}
