package mechinterp.analysis;

/**
 * How a {@link TunedLens} is trained.
 *
 * @param steps number of steps
 * @param batchTokens tokens of a step, as many whole sequences as fit, one at least
 * @param learningRate of Adam, which falls in a straight line to 0
 * @param warmUpFraction share of the steps in which the rate rises from 0
 * @param weightDecay of A, towards the logit lens
 * @param clipNorm largest norm of all gradients together
 * @param seed of the order of the text
 */
public record TunedLensConfig(
    int steps,
    int batchTokens,
    double learningRate,
    double warmUpFraction,
    double weightDecay,
    double clipNorm,
    long seed) {
  private static final int STEPS = 250;
  private static final int BATCH_TOKENS = 2048;
  private static final double RATE = 1e-3;
  private static final double WARM_UP = 0.1;
  private static final double DECAY = 1e-3;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public TunedLensConfig {
    require("steps", steps, steps >= 1, "at least 1");
    require("batch_tokens", batchTokens, batchTokens >= 1, "at least 1");
    require("learning_rate", learningRate, isPositive(learningRate), "positive and finite");
    require(
        "warm_up_fraction", warmUpFraction, warmUpFraction >= 0 && warmUpFraction <= 1, "0 to 1");
    require("weight_decay", weightDecay, weightDecay >= 0 && weightDecay <= 1, "0 to 1");
    require("clip_norm", clipNorm, isPositive(clipNorm), "positive and finite");
  }

  /** Returns 250 steps of 2,048 tokens with a rate of .001. */
  public static TunedLensConfig defaults() {
    return new TunedLensConfig(STEPS, BATCH_TOKENS, RATE, WARM_UP, DECAY, 1, 0);
  }

  /** Returns the same with other steps. */
  public TunedLensConfig withSteps(int other) {
    return new TunedLensConfig(
        other, batchTokens, learningRate, warmUpFraction, weightDecay, clipNorm, seed);
  }

  /** Returns the same with other tokens of a step. */
  public TunedLensConfig withBatchTokens(int other) {
    return new TunedLensConfig(
        steps, other, learningRate, warmUpFraction, weightDecay, clipNorm, seed);
  }

  /** Returns the same with another rate. */
  public TunedLensConfig withLearningRate(double other) {
    return new TunedLensConfig(
        steps, batchTokens, other, warmUpFraction, weightDecay, clipNorm, seed);
  }

  /** Returns the same with another order of the text. */
  public TunedLensConfig withSeed(long other) {
    return new TunedLensConfig(
        steps, batchTokens, learningRate, warmUpFraction, weightDecay, clipNorm, other);
  }

  private static boolean isPositive(double value) {
    return value > 0 && value < Double.POSITIVE_INFINITY;
  }

  private static void require(String name, Object value, boolean holds, String range) {
    if (!holds) {
      throw new IllegalArgumentException("%s: is %s; it must be %s".formatted(name, value, range));
    }
  }
}
