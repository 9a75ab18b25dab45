package mechinterp.analysis;

/**
 * How much of each latent is kept.
 *
 * @param topContexts most peaks of a latent, each in a document of its own
 * @param tokensBefore tokens of a context before its peak, fewer at a document's beginning
 * @param tokensAfter tokens of a context after its peak, fewer at a document's end
 * @param batchSize tokens that are encoded at once; no result depends on it
 */
public record FeatureAnalysisConfig(
    int topContexts, int tokensBefore, int tokensAfter, int batchSize) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public FeatureAnalysisConfig {
    requireAtLeast("top_contexts", topContexts, 1);
    requireAtLeast("tokens_before", tokensBefore, 0);
    requireAtLeast("tokens_after", tokensAfter, 0);
    requireAtLeast("batch_size", batchSize, 1);
  }

  /** Returns 20 contexts of up to 10 tokens on each side, batches of 1,024 tokens. */
  public static FeatureAnalysisConfig defaults() {
    return new FeatureAnalysisConfig(20, 10, 10, 1024);
  }

  /** Returns these settings with another number of contexts. */
  public FeatureAnalysisConfig withTopContexts(int value) {
    return new FeatureAnalysisConfig(value, tokensBefore, tokensAfter, batchSize);
  }

  private static void requireAtLeast(String field, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least %d".formatted(field, value, least));
    }
  }
}
