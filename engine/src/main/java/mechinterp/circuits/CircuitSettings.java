package mechinterp.circuits;

/**
 * How effects are measured.
 *
 * @param metric what is measured
 * @param direction which values are put into which run
 * @param maxTokens the most tokens that run at once, which bounds the memory
 */
public record CircuitSettings(TaskMetric metric, PatchDirection direction, int maxTokens) {
  private static final int MAX_TOKENS = 4096;

  /**
   * Checks the number of tokens.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public CircuitSettings {
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "max_tokens: is %d; it must be at least 1".formatted(maxTokens));
    }
  }

  /** Returns logit differences, corrupted values in clean runs, 4,096 tokens at once. */
  public static CircuitSettings defaults() {
    return new CircuitSettings(TaskMetric.LOGIT_DIFFERENCE, PatchDirection.NOISING, MAX_TOKENS);
  }

  /** Returns the same with another metric. */
  public CircuitSettings withMetric(TaskMetric other) {
    return new CircuitSettings(other, direction, maxTokens);
  }

  /** Returns the same in another direction. */
  public CircuitSettings withDirection(PatchDirection other) {
    return new CircuitSettings(metric, other, maxTokens);
  }

  /** Returns the same with another bound of the memory. */
  public CircuitSettings withMaxTokens(int tokens) {
    return new CircuitSettings(metric, direction, tokens);
  }
}
