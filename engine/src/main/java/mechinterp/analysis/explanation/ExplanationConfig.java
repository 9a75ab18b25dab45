package mechinterp.analysis.explanation;

import mechinterp.analysis.FeatureAnalysisConfig;

/**
 * What a judge is shown and asked.
 *
 * @param shown contexts from which a latent is explained, the strongest
 * @param tested contexts with the latent, and as many without it, on which the explanation is
 *     scored
 * @param atOnce contexts in one question, at least 3
 * @param intruders questions for the intruder
 * @param markFrom tokens are marked from this share of their context's largest activation on
 * @param maxTokens the judge's longest answer
 * @param seed of the draws
 */
public record ExplanationConfig(
    int shown, int tested, int atOnce, int intruders, double markFrom, int maxTokens, long seed) {
  private static final int LEAST_AT_ONCE = 3;
  private static final int INTERVALS = 5;
  private static final int TOKENS_BEFORE = 20;
  private static final int TOKENS_AFTER = 10;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public ExplanationConfig {
    requireAtLeast("shown", shown, 1);
    requireAtLeast("tested", tested, 1);
    requireAtLeast("at_once", atOnce, LEAST_AT_ONCE);
    requireAtLeast("intruders", intruders, 0);
    requireAtLeast("max_tokens", maxTokens, 1);
    if (!(markFrom > 0 && markFrom <= 1)) {
      throw new IllegalArgumentException(
          "mark_from: is %s; it must be above 0 and at most 1".formatted(markFrom));
    }
  }

  /**
   * Returns 10 contexts for the explanation, 10 with and 10 without the latent for the scores, 5 in
   * a question, 5 intruders, marks from 0.3 on, answers of up to 1,000 tokens, seed 0.
   */
  public static ExplanationConfig defaults() {
    return new ExplanationConfig(10, 10, 5, 5, 0.3, 1000, 0);
  }

  /** Returns these settings with other numbers of contexts. */
  public ExplanationConfig withContexts(int toShow, int toTest) {
    return new ExplanationConfig(toShow, toTest, atOnce, intruders, markFrom, maxTokens, seed);
  }

  /** Returns these settings with other longest answers. */
  public ExplanationConfig withMaxTokens(int value) {
    return new ExplanationConfig(shown, tested, atOnce, intruders, markFrom, value, seed);
  }

  /** Returns these settings with other draws. */
  public ExplanationConfig withSeed(long value) {
    return new ExplanationConfig(shown, tested, atOnce, intruders, markFrom, maxTokens, value);
  }

  /** Returns the settings of an analysis that finds enough contexts, of up to 31 tokens. */
  public FeatureAnalysisConfig analysis() {
    return FeatureAnalysisConfig.defaults()
        .withTopContexts(shown)
        .withIntervals(INTERVALS, tested)
        .withContext(TOKENS_BEFORE, TOKENS_AFTER);
  }

  private static void requireAtLeast(String field, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least %d".formatted(field, value, least));
    }
  }
}
