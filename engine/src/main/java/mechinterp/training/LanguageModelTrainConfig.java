package mechinterp.training;

import mechinterp.optim.AdamConfig;
import mechinterp.optim.CosineSchedule;

/**
 * How a language model is trained.
 *
 * @param tokens tokens to train on, rounded up to whole batches; text that ends before begins again
 *     in a new order
 * @param batchWindows windows of a step
 * @param microBatchWindows windows that run through the model at once: less memory for the same
 *     gradient, which is added up over a step
 * @param learningRate peak rate
 * @param warmUpFraction share of the steps in which the rate rises from 0
 * @param finalFraction the rate at the end as a share of the peak
 * @param adam the other settings of Adam
 * @param weightDecay of matrices; biases and gains do not decay
 * @param clipNorm the largest norm of all gradients together
 * @param validationSteps steps between two measurements on the validation text
 * @param seed of the initial weights and the order of the windows
 */
public record LanguageModelTrainConfig(
    long tokens,
    int batchWindows,
    int microBatchWindows,
    double learningRate,
    double warmUpFraction,
    double finalFraction,
    AdamConfig adam,
    double weightDecay,
    double clipNorm,
    int validationSteps,
    long seed) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public LanguageModelTrainConfig {
    requireAtLeastOne("tokens", tokens);
    requireAtLeastOne("batch_windows", batchWindows);
    requireAtLeastOne("micro_batch_windows", microBatchWindows);
    requireAtLeastOne("validation_steps", validationSteps);
    requirePositive("learning_rate", learningRate);
    requirePositive("clip_norm", clipNorm);
    requireWithin("warm_up_fraction", warmUpFraction);
    requireWithin("final_fraction", finalFraction);
    requireWithin("weight_decay", weightDecay);
    if (batchWindows % microBatchWindows != 0) {
      throw new IllegalArgumentException(
          "micro_batch_windows: is %d, batch_windows is %d; it must divide it"
              .formatted(microBatchWindows, batchWindows));
    }
  }

  /**
   * Returns the number of steps for windows of a length.
   *
   * @throws IllegalArgumentException when they are 2^31 or more
   */
  public int steps(int context) {
    long steps = Math.ceilDiv(tokens, (long) batchWindows * context);
    if (steps > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "tokens: are %d, %d steps; there must be fewer than 2^31 steps".formatted(tokens, steps));
    }
    return (int) steps;
  }

  /** Returns the course of the learning rate for windows of a length. */
  public CosineSchedule schedule(int context) {
    int steps = steps(context);
    int warmUp = Math.min(steps - 1, (int) (warmUpFraction * steps));
    return new CosineSchedule(learningRate, steps, warmUp, finalFraction);
  }

  private static void requireAtLeastOne(String field, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }

  private static void requirePositive(String field, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be positive and finite".formatted(field, value));
    }
  }

  private static void requireWithin(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within 0 to 1".formatted(field, value));
    }
  }
}
