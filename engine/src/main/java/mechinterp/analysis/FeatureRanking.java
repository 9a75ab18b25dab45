package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureInterest.TokenCount;

/**
 * Ranks latents by how much their top contexts agree, see {@link FeatureInterest#score}. A latent
 * takes part when it has at least half as many contexts as were asked for and is active on at most
 * a tenth of the tokens. Latents whose contexts share a theme but no token come last.
 */
public final class FeatureRanking {
  private static final double LARGEST_DENSITY = 0.1;
  private static final int BLOCK = 1 << 10;
  private static final Comparator<FeatureInterest> BEST_FIRST =
      Comparator.comparingDouble(FeatureInterest::score)
          .reversed()
          .thenComparing(FeatureInterest::latent);

  private final FeatureReport report;
  private final ActivationStore store;
  private final double[] mean;

  /** Takes the mean of the activations of the report's store. */
  public FeatureRanking(FeatureReport report) {
    this.report = report;
    this.store = report.store();
    this.mean = new double[store.dIn()];
    float[] rows = new float[Math.multiplyExact(BLOCK, store.dIn())];
    for (int first = 0; first < store.tokens(); first += BLOCK) {
      int count = Math.min(BLOCK, store.tokens() - first);
      store.read(first, count, rows, 0);
      addToMean(rows, count);
    }
  }

  private void addToMean(float[] rows, int count) {
    for (int i = 0; i < count * mean.length; i++) {
      mean[i % mean.length] += (double) rows[i] / store.tokens();
    }
  }

  /**
   * Returns how much the top contexts of a latent agree.
   *
   * @throws IllegalArgumentException when there is no such latent, or it is never active
   */
  public FeatureInterest interest(int latent) {
    List<Peak> peaks = report.peaks(latent);
    if (peaks.isEmpty()) {
      throw new IllegalArgumentException(
          "latent: " + latent + " is never active; it must be, to have contexts");
    }
    Map<Integer, Integer> counts = new TreeMap<>();
    for (Peak peak : peaks) {
      counts.merge(store.origins(peak.row(), 1).tokenId(0), 1, Integer::sum);
    }
    double agreement = 0;
    List<TokenCount> tokens = new ArrayList<>();
    for (Map.Entry<Integer, Integer> entry : counts.entrySet()) {
      tokens.add(new TokenCount(entry.getKey(), entry.getValue()));
      if (entry.getValue() > 1) {
        double share = (double) entry.getValue() / peaks.size();
        agreement += share * Math.log(share / unigram(entry.getKey()));
      }
    }
    tokens.sort(Comparator.comparingInt(TokenCount::count).reversed());
    return new FeatureInterest(latent, agreement, coherence(peaks), tokens);
  }

  /** With unit vectors u the mean over pairs of u . u' is (|sum of u|^2 - n) / (n (n - 1)). */
  private double coherence(List<Peak> peaks) {
    if (peaks.size() < 2) {
      return 0;
    }
    double[] sum = new double[mean.length];
    double squares = 0;
    for (Peak peak : peaks) {
      double[] unit = direction(peak);
      for (int j = 0; j < sum.length; j++) {
        sum[j] += unit[j];
        squares += unit[j] * unit[j];
      }
    }
    return (dot(sum, sum) - squares) / ((double) peaks.size() * (peaks.size() - 1));
  }

  /** Returns (x - mean) / |x - mean| of the activation at a peak; 0 where they are equal. */
  private double[] direction(Peak peak) {
    float[] x = new float[mean.length];
    store.read(peak.row(), 1, x, 0);
    double[] difference = new double[mean.length];
    for (int j = 0; j < x.length; j++) {
      difference[j] = x[j] - mean[j];
    }
    double norm = Math.sqrt(dot(difference, difference));
    for (int j = 0; j < x.length && norm > 0; j++) {
      difference[j] /= norm;
    }
    return difference;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  private double unigram(int token) {
    return (double) report.tokenCount(token) / report.tokens();
  }

  /**
   * Returns the {@code count} latents that agree most, best first, of those that {@code wanted}
   * lets through; no two have the same most frequent token.
   */
  public List<FeatureInterest> best(int count, Predicate<FeatureInterest> wanted) {
    Set<Integer> taken = new HashSet<>();
    return IntStream.range(0, report.latents())
        .filter(this::takesPart)
        .mapToObj(this::interest)
        .filter(wanted)
        .sorted(BEST_FIRST)
        .filter(feature -> taken.add(feature.peakTokens().getFirst().id()))
        .limit(count)
        .toList();
  }

  private boolean takesPart(int latent) {
    return 2 * report.peaks(latent).size() >= report.topContexts()
        && report.density().of(latent) <= LARGEST_DENSITY;
  }
}
