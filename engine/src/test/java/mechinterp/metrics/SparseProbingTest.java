package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import mechinterp.io.Refusal;
import mechinterp.metrics.SparseProbing.Texts;
import org.junit.jupiter.api.Test;

class SparseProbingTest {
  /** Latent 4 is of the class, 2 and 3 together are, the others are noise, 0 the loudest. */
  private static Texts texts(int number, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<float[]> latents = new ArrayList<>();
    boolean[] positive = new boolean[number];
    for (int i = 0; i < number; i++) {
      positive[i] = i % 2 == 0;
      float both = (float) random.nextGaussian();
      latents.add(
          new float[] {
            (float) (3 * random.nextGaussian()),
            (float) random.nextGaussian(),
            both + (positive[i] ? 0.9f : 0),
            both,
            (float) (random.nextGaussian() + (positive[i] ? 2 : 0)),
          });
    }
    return new Texts(latents, positive);
  }

  @Test
  void theLatentOfTheClassIsFoundAndMoreLatentsTellMore() {
    Texts training = texts(400, 1);
    Texts test = texts(2_000, 2);
    double one = SparseProbing.accuracy(training, test, 1);
    assertEquals(0.841, one, 0.03, "the normal distribution's share below 1");
    assertTrue(SparseProbing.accuracy(training, test, 5) > 0.98);
  }

  @Test
  void whereNothingIsOfTheClassAccuracyIsThatOfACoin() {
    List<float[]> latents = new ArrayList<>();
    boolean[] positive = new boolean[1_000];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < positive.length; i++) {
      positive[i] = i % 2 == 0;
      latents.add(new float[] {(float) random.nextGaussian(), 7, (float) random.nextGaussian()});
    }
    Texts noise = new Texts(latents, positive);
    assertEquals(0.5, SparseProbing.accuracy(noise, noise, 3), 0.06);
  }

  @Test
  void theRegressionIsAtItsMinimum() {
    Texts texts = texts(60, 4);
    double[][] x = new double[60][2];
    for (int i = 0; i < 60; i++) {
      x[i] = new double[] {texts.latents().get(i)[2], texts.latents().get(i)[4]};
    }
    double[] weights = LogisticRegression.fit(x, texts.positive()).weights();
    for (int j = 0; j < 3; j++) {
      double[] above = weights.clone();
      double[] below = weights.clone();
      above[j] += 1e-4;
      below[j] -= 1e-4;
      double slope = (objective(above, x, texts) - objective(below, x, texts)) / 2e-4;
      assertEquals(0, slope, 1e-6);
      assertTrue(objective(above, x, texts) > objective(weights, x, texts));
    }
  }

  private static double objective(double[] weights, double[][] x, Texts texts) {
    double sum = (weights[0] * weights[0] + weights[1] * weights[1]) / 2;
    for (int i = 0; i < x.length; i++) {
      double score = weights[0] * x[i][0] + weights[1] * x[i][1] + weights[2];
      sum += Math.log1p(Math.exp(texts.positive()[i] ? -score : score));
    }
    return sum;
  }

  @Test
  void textsOfOneClassAreRefused() {
    assertEquals(
        "probing: 2 texts, 2 classes of which 0 positive; there must be as many, and of both",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new Texts(List.of(new float[1], new float[1]), new boolean[2])));
  }
}
