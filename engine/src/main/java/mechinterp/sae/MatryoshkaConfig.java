package mechinterp.sae;

import java.util.List;

/**
 * A Matryoshka sparse autoencoder (Bussmann et al. 2025, arXiv 2503.17547): BatchTopK on a nested
 * dictionary, whose prefixes shall each reconstruct by themselves, so that the first latents become
 * the general ones.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param k mean number of active latents of a token
 * @param prefixes rising, the last of all latents
 */
public record MatryoshkaConfig(int dIn, int dSae, int k, List<Prefix> prefixes)
    implements SaeConfig {
  /** The name of this kind in SAELens. */
  public static final String ARCHITECTURE = "matryoshka_batchtopk";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public MatryoshkaConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
    prefixes = List.copyOf(prefixes);
    Prefix.require(prefixes, dSae);
  }

  /** Returns prefixes of {@link Prefix#halvings}. */
  public static MatryoshkaConfig of(int dIn, int dSae, int k) {
    return new MatryoshkaConfig(dIn, dSae, k, Prefix.halvings(dSae));
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
