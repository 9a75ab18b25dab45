package mechinterp.experiments.comparison;

import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.Sae;

/** The two ways to codes that are compared for every dictionary. */
final class Codes {
  static final String PURSUIT = "pursuit_";

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
  static Sae ofPursuit(Sae sae, int k) {
    return sae instanceof HybridSae hybrid
        ? HybridSae.withWeightsOf(hybrid, hybrid.config().withCodes(InferenceCodes.FULL))
        : HybridSae.withWeightsOf(sae, HybridSaeConfig.of(sae.dIn(), sae.dSae(), k));
  }
}
