package mechinterp.experiments.run;

import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.TopKConfig;

/**
 * What kind of autoencoder to train, for activations of any width.
 *
 * @param architecture the kind
 * @param dSae number of latents
 * @param k largest number of active latents of a token; for BatchTopK and Matryoshka the mean
 *     number
 */
public record SaeSettings(Kind architecture, int dSae, int k) {
  /** The kinds. */
  public enum Kind {
    /** {@link TopKConfig}. */
    TOPK,
    /** {@link BatchTopKConfig}. */
    BATCHTOPK,
    /** {@link MatryoshkaConfig}, its prefixes halving from d_sae. */
    MATRYOSHKA
  }

  /**
   * Returns the configuration for activations of a width.
   *
   * @throws IllegalArgumentException with the JSON field's name when a size is out of its range
   */
  public SaeConfig config(int dIn) {
    return switch (architecture) {
      case TOPK -> new TopKConfig(dIn, dSae, k);
      case BATCHTOPK -> new BatchTopKConfig(dIn, dSae, k);
      case MATRYOSHKA -> MatryoshkaConfig.of(dIn, dSae, k);
    };
  }
}
