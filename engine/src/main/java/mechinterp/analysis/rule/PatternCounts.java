package mechinterp.analysis.rule;

import org.eclipse.collections.impl.map.mutable.primitive.LongIntHashMap;

/** How often chosen patterns are in each half. */
final class PatternCounts {
  private final HalfCounts foundOn;
  private final HalfCounts scoredOn;

  /** Counts of one half. */
  private static final class HalfCounts {
    private final LongIntHashMap patterns;
    private long tokens;

    HalfCounts(LongIntHashMap chosen) {
      this.patterns = new LongIntHashMap(chosen);
    }
  }

  /**
   * Starts at 0.
   *
   * @param chosen the patterns to count, each with 0
   */
  PatternCounts(LongIntHashMap chosen) {
    this.foundOn = new HalfCounts(chosen);
    this.scoredOn = new HalfCounts(chosen);
  }

  /** Adds a token with the patterns that end at it. */
  void add(Half half, long[] patterns) {
    HalfCounts counts = of(half);
    counts.tokens++;
    for (long pattern : patterns) {
      if (counts.patterns.containsKey(pattern)) {
        counts.patterns.addToValue(pattern, 1);
      }
    }
  }

  private HalfCounts of(Half half) {
    return switch (half) {
      case FOUND_ON -> foundOn;
      case SCORED_ON -> scoredOn;
    };
  }

  long count(Half half, long pattern) {
    return of(half).patterns.get(pattern);
  }

  long tokens(Half half) {
    return of(half).tokens;
  }
}
