package mechinterp.analysis.rule;

import mechinterp.random.RandomStream;

/** One of the two parts of a store's documents. */
enum Half {
  /** On which rules are found. */
  FOUND_ON,

  /** On which they are scored. */
  SCORED_ON;

  /** Returns the part of a document. */
  static Half of(long seed, int document) {
    return RandomStream.of(seed, "rules/halves").uniform(document) < 0.5 ? FOUND_ON : SCORED_ON;
  }
}
