package mechinterp.analysis.rule;

import org.eclipse.collections.impl.map.mutable.primitive.LongIntHashMap;

/** How often chosen patterns are in each half. */
final class PatternCounts {
  private final LongIntHashMap foundOn;
  private final LongIntHashMap scoredOn;
  private final long[] tokens = new long[Half.values().length];

  /** Starts with every chosen pattern at 0. */
  PatternCounts(LongIntHashMap chosen) {
    this.foundOn = chosen;
    this.scoredOn = new LongIntHashMap(chosen);
  }

  /** Adds a token with the patterns that end at it. */
  void add(Half half, long[] patterns) {
    tokens[half.ordinal()]++;
    LongIntHashMap counts = of(half);
    for (long pattern : patterns) {
      if (counts.containsKey(pattern)) {
        counts.addToValue(pattern, 1);
      }
    }
  }

  private LongIntHashMap of(Half half) {
    return switch (half) {
      case FOUND_ON -> foundOn;
      case SCORED_ON -> scoredOn;
    };
  }

  long count(Half half, long pattern) {
    return of(half).get(pattern);
  }

  long tokens(Half half) {
    return tokens[half.ordinal()];
  }
}
