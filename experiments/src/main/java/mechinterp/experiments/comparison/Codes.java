package mechinterp.experiments.comparison;

import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatchingPursuitSae;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** The ways to codes that are compared for every dictionary. */
final class Codes {
  static final String PURSUIT = "pursuit_";
  static final String ADAPTIVE = "adaptive_";
  static final String MATCHING = "matching_";

  private Codes() {}

  /** Returns the autoencoder with its encoder's own codes. */
  static Sae ofEncoder(Sae sae) {
    return sae instanceof HybridSae hybrid
        ? HybridSae.withWeightsOf(hybrid, hybrid.config().withCodes(InferenceCodes.FAST))
        : sae;
  }

  /**
   * Returns the autoencoder with the codes of a pursuit on its encoder's shortlist.
   *
   * @param k most latents that the pursuit leaves active
   */
  static HybridSae ofPursuit(Sae sae, int k) {
    return sae instanceof HybridSae hybrid
        ? HybridSae.withWeightsOf(hybrid, hybrid.config().withCodes(InferenceCodes.FULL))
        : HybridSae.withWeightsOf(sae, HybridSaeConfig.of(sae.dIn(), sae.dSae(), k));
  }

  /**
   * Returns the autoencoder with the codes of the same pursuit, where tokens share out latents: k
   * of each in the mean, or fewer where the dictionary's encoder has no more to give.
   *
   * @param sample activations that the least code is found on
   */
  static Sae ofAdaptive(Sae sae, int k, FloatMatrix sample) {
    return ofPursuit(sae, k).withMeanL0AtMost(sample);
  }

  /**
   * Returns matching pursuit over the whole dictionary.
   *
   * @param k how often it picks a latent
   */
  static Sae ofMatching(Sae sae, int k) {
    return MatchingPursuitSae.of(sae, MatchingPursuitConfig.of(sae.dIn(), sae.dSae(), k));
  }
}
