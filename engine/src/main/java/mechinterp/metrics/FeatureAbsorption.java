package mechinterp.metrics;

import java.util.Arrays;
import mechinterp.synthetic.FeatureForest;
import mechinterp.synthetic.FiredFeatures;

/**
 * How often the latents of a general feature are silent because the latent of a more special one
 * speaks for both: absorption (Chanin et al. 2024, arXiv 2409.14507), where the features are known.
 *
 * <pre>
 *   pairs     = tokens and features c that fire on them, with a parent p, where some latent's
 *               nearest feature is c, and some latent's is p
 *   absorbed  = those at which a latent of c is active and none of p
 *   rate      = absorbed / pairs</pre>
 *
 * It is 0 for the true features themselves. A latent that is silent for no such reason does not
 * count, only those where the child's latent is active in its place.
 */
public final class FeatureAbsorption {
  private final int[] nearest;
  private final FeatureForest forest;
  private final boolean[] hasLatent;
  private long pairs;
  private long absorbed;

  /**
   * Counts nothing yet.
   *
   * @param nearest the feature of each latent, {@link FeatureRecovery#nearestFeatures}
   * @param forest which feature depends on which
   */
  public FeatureAbsorption(int[] nearest, FeatureForest forest) {
    this.nearest = nearest.clone();
    this.forest = forest;
    this.hasLatent = new boolean[forest.features()];
    for (int feature : nearest) {
      hasLatent[feature] = true;
    }
  }

  /**
   * Adds tokens.
   *
   * @param indices active latents, those of token t from {@code t * capacity} on
   * @param counts how many there are of each token
   * @param capacity places for a token's latents
   * @param fired the true features of the same tokens
   */
  public void add(int[] indices, int[] counts, int capacity, FiredFeatures fired) {
    boolean[] isTold = new boolean[hasLatent.length];
    for (int t = 0; t < fired.activations(); t++) {
      Arrays.fill(isTold, false);
      for (int i = t * capacity; i < t * capacity + counts[t]; i++) {
        isTold[nearest[indices[i]]] = true;
      }
      for (int i = 0; i < fired.count(t); i++) {
        addPair(fired.feature(t, i), isTold);
      }
    }
  }

  private void addPair(int child, boolean[] isTold) {
    int parent = forest.parent(child);
    if (parent != FeatureForest.NONE && hasLatent[parent] && hasLatent[child]) {
      pairs++;
      absorbed += isTold[child] && !isTold[parent] ? 1 : 0;
    }
  }

  /** Returns the rate of all tokens so far, 0 when there was no pair. */
  public double rate() {
    return pairs == 0 ? 0 : (double) absorbed / pairs;
  }
}
