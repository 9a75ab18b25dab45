package mechinterp.sae;

import java.util.Optional;

/**
 * A gated sparse autoencoder (Rajamanoharan et al. 2024, arXiv 2404.16014): one pre-activation
 * decides whether a latent is active, a scaled and shifted one how much.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param training how it is trained; empty for one that was loaded, which is not trained
 */
public record GatedConfig(int dIn, int dSae, Optional<GatedTraining> training)
    implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "gated";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public GatedConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
  }

  /** One that is not trained. */
  public GatedConfig(int dIn, int dSae) {
    this(dIn, dSae, Optional.empty());
  }

  /** Returns one that is trained until {@code k} latents are active on a token in the mean. */
  public static GatedConfig of(int dIn, int dSae, int k) {
    Sizes.requireActive(k, dSae);
    return new GatedConfig(dIn, dSae, Optional.of(GatedTraining.reaching(k)));
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  public Optional<SparsityConfig> sparsityPenalty() {
    return training.map(GatedTraining::sparsity);
  }
}
