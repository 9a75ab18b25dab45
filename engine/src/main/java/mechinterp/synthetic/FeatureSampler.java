package mechinterp.synthetic;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;
import org.hipparchus.special.Erf;

/**
 * Draws which true features fire, and how strongly. Activation n is a function of the configuration
 * and n alone.
 *
 * <pre>
 *   drawn:      g_i = F_i . e + sqrt(1 - |F_i|^2) h_i > t_i,  e and h normal, P(g_i > t_i) = p_i
 *   magnitude:  a_i = max(0, mean + deviation normal)
 *   hierarchy:  parents before children; a child of a silent parent is silent; of several children
 *               of an exclusive parent a random one stays; a child is scaled by a_parent / mean
 * </pre>
 *
 * Source: arXiv 2602.14687; sae_lens.synthetic 6.54, {@code ActivationGenerator.sample} and {@code
 * hierarchy_modifier}.
 */
final class FeatureSampler {
  /** What the factors leave to a feature's own variance, at least. */
  private static final double LEAST_OWN_VARIANCE = 0.01;

  private static final double UNIT_32 = 0x1.0p-32;

  private final int features;
  private final FeatureForest forest;
  private final double mean;
  private final double deviation;
  private final int rank;

  /** F transposed [rank, features]. */
  private final float[] factors;

  private final float[] thresholds;
  private final float[] ownDeviation;
  private final RandomStream shared;
  private final RandomStream own;
  private final RandomStream magnitudes;
  private final RandomStream winners;
  private final NormalTail tail = new NormalTail();

  FeatureSampler(SyntheticConfig config, FeatureForest forest, double[] drawProbabilities) {
    this.features = config.numFeatures();
    this.forest = forest;
    this.mean = config.meanMagnitude();
    this.deviation = config.stdMagnitude();
    this.rank = config.correlation().map(SyntheticConfig.Correlation::rank).orElse(0);
    this.factors = new float[Math.multiplyExact(rank, features)];
    this.ownDeviation = new float[features];
    this.thresholds = new float[features];
    drawFactors(config.correlation(), config.seed());
    for (int i = 0; i < features; i++) {
      thresholds[i] = (float) (Math.sqrt(2) * Erf.erfInv(1 - 2 * drawProbabilities[i]));
    }
    shared = RandomStream.of(config.seed(), "shared factors");
    own = RandomStream.of(config.seed(), "own factors");
    magnitudes = RandomStream.of(config.seed(), "magnitudes");
    winners = RandomStream.of(config.seed(), "exclusive children");
  }

  private void drawFactors(Optional<SyntheticConfig.Correlation> correlation, long seed) {
    double scale = correlation.map(SyntheticConfig.Correlation::scale).orElse(0.0);
    RandomStream entries = RandomStream.of(seed, "correlation");
    for (int i = 0; i < features; i++) {
      double[] row = new double[rank];
      double squares = 0;
      for (int r = 0; r < rank; r++) {
        row[r] = scale * entries.gaussian((long) i * rank + r);
        squares += row[r] * row[r];
      }
      double fit =
          squares > 1 - LEAST_OWN_VARIANCE ? Math.sqrt((1 - LEAST_OWN_VARIANCE) / squares) : 1;
      for (int r = 0; r < rank; r++) {
        factors[r * features + i] = (float) (fit * row[r]);
      }
      ownDeviation[i] = (float) Math.sqrt(1 - fit * fit * squares);
    }
  }

  /** Returns the features of activations {@code first} to {@code first + count - 1}. */
  FiredFeatures sample(long first, int count) {
    Activation[] drawn = new Activation[count];
    IntStream.range(0, count).parallel().forEach(t -> drawn[t] = sample(first + t));
    int[] starts = new int[count + 1];
    for (int t = 0; t < count; t++) {
      starts[t + 1] = starts[t] + drawn[t].size;
    }
    int[] fired = new int[starts[count]];
    float[] sizes = new float[starts[count]];
    for (int t = 0; t < count; t++) {
      System.arraycopy(drawn[t].features, 0, fired, starts[t], drawn[t].size);
      System.arraycopy(drawn[t].magnitudes, 0, sizes, starts[t], drawn[t].size);
    }
    return new FiredFeatures(starts, fired, sizes);
  }

  /** Features in rising order. */
  private static final class Activation {
    private int[] features = new int[64];
    private float[] magnitudes = new float[64];
    private int size;

    void add(int feature, float magnitude) {
      if (size == features.length) {
        features = Arrays.copyOf(features, 2 * size);
        magnitudes = Arrays.copyOf(magnitudes, 2 * size);
      }
      features[size] = feature;
      magnitudes[size] = magnitude;
      size++;
    }

    float magnitude(int feature) {
      int place = Arrays.binarySearch(features, 0, size, feature);
      return place < 0 ? 0 : magnitudes[place];
    }
  }

  private Activation sample(long number) {
    return constrained(number, draw(number));
  }

  private Activation draw(long number) {
    float[] common = new float[features];
    for (int r = 0; r < rank; r++) {
      float e = (float) shared.gaussian(number * rank + r);
      int at = r * features;
      for (int i = 0; i < features; i++) {
        common[i] += e * factors[at + i];
      }
    }
    Activation drawn = new Activation();
    long pairs = (features + 1L) / 2;
    for (int i = 0; i < features; i += 2) {
      long bits = own.bits(number * pairs + i / 2);
      drawOne(drawn, number, i, common[i], (bits >>> 32) * UNIT_32);
      if (i + 1 < features) {
        drawOne(drawn, number, i + 1, common[i + 1], (bits & 0xffffffffL) * UNIT_32);
      }
    }
    return drawn;
  }

  private void drawOne(Activation drawn, long number, int feature, float common, double uniform) {
    if (tail.isBelow(uniform, (thresholds[feature] - common) / ownDeviation[feature])) {
      double magnitude = mean + deviation * magnitudes.gaussian(number * features + feature);
      if (magnitude > 0) {
        drawn.add(feature, (float) magnitude);
      }
    }
  }

  private Activation constrained(long number, Activation drawn) {
    Activation kept = new Activation();
    int at = 0;
    while (at < drawn.size) {
      int parent = forest.parent(drawn.features[at]);
      int end = at + 1;
      while (end < drawn.size
          && parent != FeatureForest.NONE
          && forest.parent(drawn.features[end]) == parent) {
        end++;
      }
      keepSiblings(kept, number, drawn, at, end, parent);
      at = end;
    }
    return kept;
  }

  private void keepSiblings(
      Activation kept, long number, Activation drawn, int from, int to, int parent) {
    if (parent == FeatureForest.NONE) {
      kept.add(drawn.features[from], drawn.magnitudes[from]);
      return;
    }
    float parentMagnitude = kept.magnitude(parent);
    if (parentMagnitude == 0) {
      return;
    }
    float scale = forest.scaled() ? (float) (parentMagnitude / mean) : 1;
    boolean single = forest.exclusive(parent);
    int first = single ? from + winners.below(number * features + parent, to - from) : from;
    int last = single ? first + 1 : to;
    for (int i = first; i < last; i++) {
      kept.add(drawn.features[i], scale * drawn.magnitudes[i]);
    }
  }
}
