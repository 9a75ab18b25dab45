package mechinterp.analysis.rule;

/**
 * How rules are found.
 *
 * @param sampledTokens most tokens of a latent that are looked at in each half, a uniform sample
 * @param mostPatterns most patterns of each length that are tried for a latent, the most frequent
 * @param leastCount how often a pattern must be in the sample to be tried
 * @param seed of the halves
 * @param batchSize tokens that are encoded at once; no result depends on it
 */
public record RuleConfig(
    int sampledTokens, int mostPatterns, int leastCount, long seed, int batchSize) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public RuleConfig {
    requirePositive("sampled_tokens", sampledTokens);
    requirePositive("most_patterns", mostPatterns);
    requirePositive("least_count", leastCount);
    requirePositive("batch_size", batchSize);
  }

  /** Returns 256 tokens, 64 patterns that are there twice at least, seed 0, batches of 1,024. */
  public static RuleConfig defaults() {
    return new RuleConfig(256, 64, 2, 0, 1024);
  }

  /** Returns these settings with samples of another size. */
  public RuleConfig withSampledTokens(int value) {
    return new RuleConfig(value, mostPatterns, leastCount, seed, batchSize);
  }

  /** Returns these settings with other halves. */
  public RuleConfig withSeed(long value) {
    return new RuleConfig(sampledTokens, mostPatterns, leastCount, value, batchSize);
  }

  /** Returns these settings with another number of tokens at once. */
  public RuleConfig withBatchSize(int value) {
    return new RuleConfig(sampledTokens, mostPatterns, leastCount, seed, value);
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }
}
