package mechinterp.synthetic;

import java.util.Arrays;
import java.util.Optional;
import mechinterp.random.RandomStream;

/**
 * Which true feature is whose child. Features are numbered breadth first: the roots, all their
 * children, all children of those, as many as there are features. The remaining features belong to
 * no tree.
 */
public final class FeatureForest {
  /** The parent of a feature that has none. */
  public static final int NONE = -1;

  private final int[] parent;
  private final boolean[] exclusive;
  private final int[] firstChild;
  private final int[] childCount;
  private final boolean scaled;

  private FeatureForest(int features, boolean scaled) {
    this.parent = new int[features];
    this.exclusive = new boolean[features];
    this.firstChild = new int[features];
    this.childCount = new int[features];
    this.scaled = scaled;
    Arrays.fill(parent, NONE);
  }

  /** Returns the forest that a configuration describes. */
  public static FeatureForest of(SyntheticConfig config) {
    Optional<SyntheticConfig.Hierarchy> hierarchy = config.hierarchy();
    FeatureForest forest =
        new FeatureForest(
            config.numFeatures(),
            hierarchy.map(SyntheticConfig.Hierarchy::scaleChildrenByParent).orElse(false));
    hierarchy.ifPresent(settings -> forest.grow(settings, config.seed()));
    return forest;
  }

  private void grow(SyntheticConfig.Hierarchy settings, long seed) {
    int levelStart = 0;
    int next = Math.min(settings.roots(), parent.length);
    for (int depth = 0; depth < settings.maxDepth(); depth++) {
      int levelEnd = next;
      for (int node = levelStart; node < levelEnd; node++) {
        int children = Math.min(settings.branching(), parent.length - next);
        firstChild[node] = next;
        childCount[node] = children;
        Arrays.fill(parent, next, next + children, node);
        next += children;
      }
      levelStart = levelEnd;
    }
    chooseExclusive(settings.exclusiveShare(), seed);
  }

  private void chooseExclusive(double share, long seed) {
    int[] eligible = new int[parent.length];
    int count = 0;
    for (int node = 0; node < parent.length; node++) {
      if (childCount[node] >= 2) {
        eligible[count++] = node;
      }
    }
    int[] order = RandomStream.of(seed, "exclusive parents").permutation(count);
    for (int i = 0; i < (int) (count * share); i++) {
      exclusive[eligible[order[i]]] = true;
    }
  }

  /** Returns the number of features. */
  public int features() {
    return parent.length;
  }

  /** Returns the feature that must fire for this one to fire, or {@link #NONE}. */
  public int parent(int feature) {
    return parent[feature];
  }

  /** Returns whether at most one child of a feature fires. */
  public boolean exclusive(int feature) {
    return exclusive[feature];
  }

  /** Returns the number of a feature's children. */
  public int children(int feature) {
    return childCount[feature];
  }

  /** Returns a feature's first child; the others have the numbers behind it. */
  public int firstChild(int feature) {
    return firstChild[feature];
  }

  /** Returns whether a child's magnitude goes with its parent's. */
  public boolean scaled() {
    return scaled;
  }

  /**
   * Returns the probabilities with which features must be drawn so that, after the hierarchy has
   * taken some of them away, they fire about as often as {@code wanted}: divided by the parent's
   * probability P, and under an exclusive parent times 1 + (sum of the siblings' probabilities) /
   * P; at most 1.
   */
  double[] compensated(double[] wanted) {
    double[] drawn = wanted.clone();
    for (int feature = 0; feature < parent.length; feature++) {
      if (parent[feature] != NONE) {
        double parentWanted = wanted[parent[feature]];
        double siblings = exclusive[parent[feature]] ? siblings(feature, wanted) : 0;
        drawn[feature] =
            Math.min(1, wanted[feature] / parentWanted * (1 + siblings / parentWanted));
      }
    }
    return drawn;
  }

  private double siblings(int feature, double[] wanted) {
    int first = firstChild[parent[feature]];
    double sum = 0;
    for (int child = first; child < first + childCount[parent[feature]]; child++) {
      sum += child == feature ? 0 : wanted[child];
    }
    return sum;
  }
}
