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
import mechinterp.activation.TokenOrigins;
import mechinterp.analysis.FeatureInterest.TokenCount;
import org.eclipse.collections.impl.map.mutable.primitive.IntLongHashMap;

/**
 * Ranks latents by how much their top contexts agree, see {@link FeatureInterest#agreement}. A
 * latent takes part when it has at least half as many contexts as were asked for and is active on
 * at most a tenth of the tokens. The ranking says nothing about latents whose contexts share a
 * theme but no token.
 */
public final class FeatureRanking {
  private static final double LARGEST_DENSITY = 0.1;
  private static final int BLOCK = 1 << 16;
  private static final Comparator<FeatureInterest> BEST_FIRST =
      Comparator.comparingDouble(FeatureInterest::agreement)
          .reversed()
          .thenComparing(FeatureInterest::latent);

  private final FeatureReport report;
  private final IntLongHashMap tokenCounts;

  /** Counts the tokens of the report's store. */
  public FeatureRanking(FeatureReport report) {
    this.report = report;
    this.tokenCounts = new IntLongHashMap();
    for (int first = 0; first < report.tokens(); first += BLOCK) {
      TokenOrigins origins =
          report.store().origins(first, Math.min(BLOCK, report.tokens() - first));
      for (int i = 0; i < origins.size(); i++) {
        tokenCounts.addToValue(origins.tokenId(i), 1);
      }
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
      counts.merge(report.store().origins(peak.row(), 1).tokenId(0), 1, Integer::sum);
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
    return new FeatureInterest(latent, agreement, tokens);
  }

  private double unigram(int token) {
    return (double) tokenCounts.get(token) / report.tokens();
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
