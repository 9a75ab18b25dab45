package mechinterp.analysis.rule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.eclipse.collections.impl.map.mutable.primitive.LongIntHashMap;

/** Finds a rule for one latent and scores it. */
final class RuleSearch {
  private static final int NONE = -1;

  private final RuleConfig config;
  private final PatternCounts counts;

  RuleSearch(RuleConfig config, PatternCounts counts) {
    this.config = config;
    this.counts = counts;
  }

  /** The patterns that end at each of a latent's sampled tokens in a half, and all its tokens. */
  record Firings(List<long[]> sampled, long activeTokens) {}

  /** Returns the patterns that are tried: frequent ones, the shorter first. */
  static long[] tried(List<long[]> sampled, RuleKind kind, RuleConfig config) {
    TreeMap<Long, Long> found =
        sampled.stream()
            .flatMapToLong(keys -> Arrays.stream(keys).limit(kind.order()))
            .boxed()
            .collect(Collectors.groupingBy(key -> key, TreeMap::new, Collectors.counting()));
    List<Long> tried = new ArrayList<>();
    for (int length = 1; length <= kind.order(); length++) {
      int wanted = length;
      found.keySet().stream()
          .filter(key -> PatternKey.length(key) == wanted)
          .filter(key -> count(found, key) >= config.leastCount())
          .sorted(
              Comparator.comparingLong((Long key) -> -count(found, key))
                  .thenComparing(Comparator.naturalOrder()))
          .limit(config.mostPatterns())
          .forEach(tried::add);
    }
    return tried.stream().mapToLong(Long::longValue).toArray();
  }

  private static long count(Map<Long, Long> found, long key) {
    return Optional.ofNullable(found.get(key)).orElse(0L);
  }

  /** Returns the rule and its score. */
  DetectedRule search(RuleKind kind, Firings foundOn, Firings scoredOn) {
    long[] patterns = tried(foundOn.sampled(), kind, config);
    LongIntHashMap leafOf = new LongIntHashMap();
    for (int leaf = 0; leaf < patterns.length; leaf++) {
      leafOf.put(patterns[leaf], leaf);
    }
    Leaves known = leaves(patterns, leafOf, Half.FOUND_ON, foundOn);
    double[] scores = known.scores();
    boolean[] fires = known.best(scores);
    DetectionScore score =
        leaves(patterns, leafOf, Half.SCORED_ON, scoredOn)
            .score(scores, fires, scoredOn.activeTokens());
    return new DetectedRule(rule(patterns, leafOf, fires, known), score);
  }

  private Leaves leaves(long[] patterns, LongIntHashMap leafOf, Half half, Firings firings) {
    double[] tokens = new double[patterns.length + 1];
    tokens[patterns.length] = counts.tokens(half);
    for (int leaf = 0; leaf < patterns.length; leaf++) {
      long count = counts.count(half, patterns[leaf]);
      tokens[leaf] += count;
      int parent = parent(patterns[leaf], leafOf);
      tokens[parent == NONE ? patterns.length : parent] -= count;
    }
    double[] active = new double[tokens.length];
    double weight = (double) firings.activeTokens() / firings.sampled().size();
    for (long[] keys : firings.sampled()) {
      active[leaf(keys, leafOf, patterns.length)] += weight;
    }
    return new Leaves(tokens, active);
  }

  private static int leaf(long[] keys, LongIntHashMap leafOf, int none) {
    for (int length = keys.length; length > 0; length--) {
      if (leafOf.containsKey(keys[length - 1])) {
        return leafOf.get(keys[length - 1]);
      }
    }
    return none;
  }

  /** Returns the longest known pattern that is a part of this one. */
  private static int parent(long pattern, LongIntHashMap leafOf) {
    long part = pattern;
    while (PatternKey.length(part) > 1) {
      part = PatternKey.suffix(part);
      if (leafOf.containsKey(part)) {
        return leafOf.get(part);
      }
    }
    return NONE;
  }

  /** Leaves out patterns that decide as the part of them that would decide without them. */
  private static Rule rule(long[] patterns, LongIntHashMap leafOf, boolean[] fires, Leaves known) {
    List<RulePattern> kept = new ArrayList<>();
    for (int leaf = 0; leaf < patterns.length; leaf++) {
      int parent = parent(patterns[leaf], leafOf);
      if (fires[leaf] != (parent != NONE && fires[parent])) {
        kept.add(
            new RulePattern(PatternKey.tokens(patterns[leaf]), fires[leaf], known.precision(leaf)));
      }
    }
    kept.sort(
        Comparator.comparing((RulePattern pattern) -> !pattern.fires())
            .thenComparing(Comparator.comparingDouble(RulePattern::precision).reversed()));
    return new Rule(kept);
  }
}
