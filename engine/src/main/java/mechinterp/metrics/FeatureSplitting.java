package mechinterp.metrics;

import java.util.BitSet;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;

/**
 * Features that several latents share, and latents that several features share, where the features
 * are known. A latent has a feature when the absolute cosine of its decoder row and the feature's
 * direction is at least 1/2; latents that are never active have none.
 *
 * <pre>
 *   split  = features that two latents or more have / features that any latent has
 *   merged = latents that have two features or more / latents that have any</pre>
 *
 * Both are 0 for the true features. Two features in equal parts have cosines of .71 with what is
 * their sum, three .58. Feature splitting: Bricken et al., "Towards Monosemanticity", 2023; latents
 * of several features at once are what hierarchies and correlations lead to (feature hedging and
 * absorption, Chanin et al., arXiv 2505.11756 and 2409.14507).
 */
public final class FeatureSplitting {
  private static final float LEAST_COSINE = 0.5f;

  private final float[][] cosines;
  private final BitSet active = new BitSet();

  /**
   * Compares directions.
   *
   * @param device of both matrices
   * @param wDec decoder rows [d_sae, d_in]
   * @param directions the true features' unit directions [num_features, d_in]
   */
  public FeatureSplitting(Device device, FloatMatrix wDec, FloatMatrix directions) {
    this.cosines = FeatureRecovery.absoluteCosines(device, wDec, directions);
  }

  /**
   * Shares of what is there.
   *
   * @param split share of the features; not a number where no latent has a feature
   * @param merged share of the latents; not a number where no latent has a feature
   */
  public record Result(double split, double merged) {}

  /**
   * Adds tokens.
   *
   * @param indices active latents, those of token t from {@code t * capacity} on
   * @param counts how many there are of each token
   * @param capacity places for a token's latents
   */
  public void add(int[] indices, int[] counts, int capacity) {
    for (int t = 0; t < counts.length; t++) {
      for (int i = t * capacity; i < t * capacity + counts[t]; i++) {
        active.set(indices[i]);
      }
    }
  }

  /** Returns the shares, of the latents that were active on some token. */
  public Result result() {
    int[] latentsOf = new int[cosines[0].length];
    long holders = 0;
    long merged = 0;
    for (int latent = active.nextSetBit(0); latent >= 0; latent = active.nextSetBit(latent + 1)) {
      int features = 0;
      for (int feature = 0; feature < latentsOf.length; feature++) {
        if (cosines[latent][feature] >= LEAST_COSINE) {
          latentsOf[feature]++;
          features++;
        }
      }
      holders += features > 0 ? 1 : 0;
      merged += features > 1 ? 1 : 0;
    }
    long found = 0;
    long split = 0;
    for (int latents : latentsOf) {
      found += latents > 0 ? 1 : 0;
      split += latents > 1 ? 1 : 0;
    }
    return new Result((double) split / found, (double) merged / holders);
  }
}
