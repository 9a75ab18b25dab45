package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;

final class SamplingTest {
  private static final int DRAWS = 20_000;

  /** Probabilities 0.1, 0.4, 0.2, 0.3. */
  private static final float[] LOGITS = {
    (float) Math.log(0.1), (float) Math.log(0.4), (float) Math.log(0.2), (float) Math.log(0.3)
  };

  private static double[] frequencies(Sampling sampling, float[] logits) {
    RandomStream random = RandomStream.of(3, "draws");
    double[] frequencies = new double[logits.length];
    for (int i = 0; i < DRAWS; i++) {
      frequencies[sampling.draw(logits, random.uniform(i))] += 1.0 / DRAWS;
    }
    return frequencies;
  }

  @Test
  void greedyTakesTheFirstOfTheLikeliest() {
    assertEquals(1, Sampling.greedy().draw(LOGITS, 0.99));
    assertEquals(1, Sampling.greedy().draw(new float[] {-1, 2, 2}, 0.99));
  }

  @Test
  void tokensAreDrawnByTheirProbability() {
    assertArrayEquals(
        new double[] {0.1, 0.4, 0.2, 0.3}, frequencies(Sampling.ofTemperature(1), LOGITS), 0.01);
  }

  @Test
  void temperatureIsAnInversePower() {
    double sum = 0.01 + 0.16 + 0.04 + 0.09;
    assertArrayEquals(
        new double[] {0.01 / sum, 0.16 / sum, 0.04 / sum, 0.09 / sum},
        frequencies(Sampling.ofTemperature(0.5), LOGITS),
        0.01);
  }

  @Test
  void topKLeavesTheLikeliest() {
    assertArrayEquals(
        new double[] {0, 4.0 / 7, 0, 3.0 / 7},
        frequencies(Sampling.ofTemperature(1).withTopK(2), LOGITS),
        0.01);
    assertArrayEquals(
        new double[] {0, 0.5, 0.5, 0},
        frequencies(Sampling.ofTemperature(1).withTopK(2), new float[] {-3, 2, 2, 2}),
        0.01);
  }

  @Test
  void topPLeavesTheLikeliestThatReachIt() {
    assertArrayEquals(
        new double[] {0, 4.0 / 9, 2.0 / 9, 3.0 / 9},
        frequencies(Sampling.ofTemperature(1).withTopP(0.71), LOGITS),
        0.01);
    assertArrayEquals(
        new double[] {0, 1, 0, 0},
        frequencies(Sampling.ofTemperature(1).withTopP(0.39), LOGITS),
        1e-9);
  }

  @Test
  void negativeLogitsAndInfinitiesAreInOrder() {
    float[] logits = {Float.NEGATIVE_INFINITY, -5, -0f, -2, 0f};

    assertArrayEquals(
        new double[] {0, 0, 0.5, 0, 0.5},
        frequencies(Sampling.ofTemperature(1).withTopK(2), logits),
        0.01);
  }

  @Test
  void impossibleNumbersAreRefusedByName() {
    assertEquals(
        "sampling: temperature is -1.0; it must be finite and not negative",
        refusal(() -> Sampling.ofTemperature(-1)));
    assertEquals(
        "sampling: top_k is 0; it must be at least 1",
        refusal(() -> Sampling.greedy().withTopK(0)));
    assertEquals(
        "sampling: top_p is 1.5; it must be above 0 and at most 1",
        refusal(() -> Sampling.greedy().withTopP(1.5)));
    assertEquals(
        "sampling: the logit of token 1 is NaN; it must be a number",
        Refusal.of(
            ArithmeticException.class,
            () -> Sampling.greedy().draw(new float[] {3, Float.NaN}, 0)));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable action) {
    return Refusal.of(IllegalArgumentException.class, action);
  }
}
