package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.SplittableRandom;
import mechinterp.io.Refusal;
import mechinterp.metrics.SparseProbing.Texts;
import org.junit.jupiter.api.Test;

class SparseProbingTest {
  /** Latent 4 is of the class, 2 and 3 together are, the others are noise, 0 the loudest. */
  private static Texts texts(int number, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Texts texts = new Texts();
    for (int i = 0; i < number; i++) {
      boolean positive = i % 2 == 0;
      float both = (float) random.nextGaussian();
      texts.add(
          new float[] {
            (float) (3 * random.nextGaussian()),
            (float) random.nextGaussian(),
            both + (positive ? 0.9f : 0),
            both,
            (float) (random.nextGaussian() + (positive ? 2 : 0)),
          },
          positive);
    }
    return texts;
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
    Texts noise = new Texts();
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 1_000; i++) {
      noise.add(
          new float[] {(float) random.nextGaussian(), 7, (float) random.nextGaussian()},
          i % 2 == 0);
    }
    assertEquals(0.5, SparseProbing.accuracy(noise, noise, 3), 0.06);
  }

  @Test
  void theRegressionIsAtItsMinimum() {
    SplittableRandom random = new SplittableRandom(4);
    double[][] x = new double[60][2];
    BitSet positive = new BitSet();
    for (int i = 0; i < 60; i++) {
      positive.set(i, i % 2 == 0);
      x[i] = new double[] {random.nextGaussian(), random.nextGaussian() + i % 2};
    }
    double[] weights = LogisticRegression.fit(x, positive).weights();
    for (int j = 0; j < 3; j++) {
      double[] above = weights.clone();
      double[] below = weights.clone();
      above[j] += 1e-4;
      below[j] -= 1e-4;
      double slope = (objective(above, x, positive) - objective(below, x, positive)) / 2e-4;
      assertEquals(0, slope, 1e-6);
      assertTrue(objective(above, x, positive) > objective(weights, x, positive));
    }
  }

  private static double objective(double[] weights, double[][] x, BitSet positive) {
    double sum = (weights[0] * weights[0] + weights[1] * weights[1]) / 2;
    for (int i = 0; i < x.length; i++) {
      double score = weights[0] * x[i][0] + weights[1] * x[i][1] + weights[2];
      sum += Math.log1p(Math.exp(positive.get(i) ? -score : score));
    }
    return sum;
  }

  @Test
  void textsOfOneClassAreRefused() {
    Texts texts = new Texts();
    texts.add(new float[1], false);
    assertEquals(
        "probing: 0 of 1 texts are of the class; there must be some, and others",
        Refusal.of(
            IllegalArgumentException.class, () -> SparseProbing.accuracy(texts, texts, 1)));
  }
}
