package mechinterp.analysis;

/**
 * How much of each latent is kept.
 *
 * @param topContexts most peaks of a latent, each in a document of its own
 * @param intervals into how many intervals of its activation the samples are divided
 * @param intervalSamples most sampled tokens of an interval
 * @param sampledTokens most tokens of a latent's uniform sample, from which neighbouring tokens and
 *     co-occurrence are counted; below 2^15
 * @param tokensBefore tokens of a context before its peak, fewer at a document's beginning
 * @param tokensAfter tokens of a context after its peak, fewer at a document's end
 * @param batchSize tokens that are encoded at once; no result depends on it
 */
public record FeatureAnalysisConfig(
    int topContexts,
    int intervals,
    int intervalSamples,
    int sampledTokens,
    int tokensBefore,
    int tokensAfter,
    int batchSize) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public FeatureAnalysisConfig {
    requireAtLeast("top_contexts", topContexts, 1);
    requireAtLeast("intervals", intervals, 1);
    requireAtLeast("interval_samples", intervalSamples, 1);
    requireAtLeast("sampled_tokens", sampledTokens, 1);
    requireAtLeast("tokens_before", tokensBefore, 0);
    requireAtLeast("tokens_after", tokensAfter, 0);
    requireAtLeast("batch_size", batchSize, 1);
    if (sampledTokens > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          "sampled_tokens: is %d; it must be at most %d".formatted(sampledTokens, Short.MAX_VALUE));
    }
  }

  /**
   * Returns 20 contexts of up to 10 tokens on each side, 4 samples of each of 5 intervals, 256
   * sampled tokens, batches of 1,024 tokens.
   */
  public static FeatureAnalysisConfig defaults() {
    return new FeatureAnalysisConfig(20, 5, 4, 256, 10, 10, 1024);
  }

  /** Returns these settings with another number of contexts. */
  public FeatureAnalysisConfig withTopContexts(int value) {
    return new FeatureAnalysisConfig(
        value, intervals, intervalSamples, sampledTokens, tokensBefore, tokensAfter, batchSize);
  }

  /** Returns these settings with contexts of other lengths. */
  public FeatureAnalysisConfig withContext(int before, int after) {
    return new FeatureAnalysisConfig(
        topContexts, intervals, intervalSamples, sampledTokens, before, after, batchSize);
  }

  /** Returns these settings with other samples of intervals. */
  public FeatureAnalysisConfig withIntervals(int count, int samples) {
    return new FeatureAnalysisConfig(
        topContexts, count, samples, sampledTokens, tokensBefore, tokensAfter, batchSize);
  }

  /** Returns these settings with a uniform sample of another size. */
  public FeatureAnalysisConfig withSampledTokens(int value) {
    return new FeatureAnalysisConfig(
        topContexts, intervals, intervalSamples, value, tokensBefore, tokensAfter, batchSize);
  }

  /** Returns these settings with another number of tokens at once. */
  public FeatureAnalysisConfig withBatchSize(int value) {
    return new FeatureAnalysisConfig(
        topContexts, intervals, intervalSamples, sampledTokens, tokensBefore, tokensAfter, value);
  }

  private static void requireAtLeast(String field, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least %d".formatted(field, value, least));
    }
  }
}
