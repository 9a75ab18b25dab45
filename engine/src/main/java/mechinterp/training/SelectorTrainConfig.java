package mechinterp.training;

/**
 * How a {@link mechinterp.sae.Selector} is distilled.
 *
 * @param steps steps of Adam, after the start that needs none
 * @param batchSize tokens of a step
 * @param learningRate highest learning rate, as a share of the root mean square of the numbers that
 *     it moves, at the start; it falls to 0 along half a cosine
 * @param seed of the start's random directions
 */
public record SelectorTrainConfig(int steps, int batchSize, double learningRate, long seed) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public SelectorTrainConfig {
    if (steps < 0) {
      throw new IllegalArgumentException("steps: is %d; it must be at least 0".formatted(steps));
    }
    if (batchSize < 1) {
      throw new IllegalArgumentException(
          "batch_size: is %d; it must be at least 1".formatted(batchSize));
    }
    if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "learning_rate: is %s; it must be positive and finite".formatted(learningRate));
    }
  }

  /** Returns 1,000 steps of 1,024 tokens with a learning rate of .02. */
  public static SelectorTrainConfig defaults() {
    return new SelectorTrainConfig(1000, 1024, 0.02, 0);
  }

  /** Returns these settings with other steps. */
  public SelectorTrainConfig withSteps(int value) {
    return new SelectorTrainConfig(value, batchSize, learningRate, seed);
  }
}
