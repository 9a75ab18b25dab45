package mechinterp.experiments.languagemodel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mechinterp.random.RandomStream;
import mechinterp.training.TokenStream;
import org.junit.jupiter.api.Test;

class KneserNeyTest {
  private static final int VOCABULARY = 12;

  @Test
  void probabilitiesAddUpToOneInSeenAndUnseenContexts() {
    KneserNey model = KneserNey.train(zipf(3000, 1), VOCABULARY);
    for (int a = 0; a < VOCABULARY; a++) {
      for (int b = 0; b < VOCABULARY; b++) {
        double sum = 0;
        for (int c = 0; c < VOCABULARY; c++) {
          double probability = model.probability(a, b, c);
          assertTrue(probability > 0, "p(%d | %d %d)".formatted(c, a, b));
          sum += probability;
        }
        assertEquals(1, sum, 1e-12);
      }
    }
  }

  /** A discount that cannot be estimated, because no count is one higher, is 0.75. */
  @Test
  void aSmallTextGivesTheProbabilitiesWorkedOutByHand() {
    TokenStream text = TokenStream.of(List.of(new int[] {1, 2, 1, 2, 1, 3}), 0, 4);
    KneserNey model = KneserNey.train(text, 4);
    // 1 follows two different words, 2, 3 and 0 one each: n_1 = 3, n_2 = 1, Y = 3 / 5.
    double unigramOnce = 1 - 2 * (3.0 / 5) * (1.0 / 3);
    double unigram2 = (1 - unigramOnce) / 5 + (3 * unigramOnce + 0.75) / 5 / 4;
    // 12 follows two different words, 01, 21, 13 and 30 one each: n_1 = 4, n_2 = 1, Y = 4 / 6.
    double bigramOnce = 1 - 2 * (4.0 / 6) * (1.0 / 4);
    double bigram2 = (2 - 0.75) / 3 + (0.75 + bigramOnce) / 3 * unigram2;
    // 121 is there twice, 001, 012, 212, 213 and 130 once: n_1 = 5, n_2 = 1, Y = 5 / 7.
    double trigramOnce = 1 - 2 * (5.0 / 7) * (1.0 / 5);
    double trigram2 = (1 - trigramOnce) / 2 + 2 * trigramOnce / 2 * bigram2;
    assertEquals(trigram2, model.probability(2, 1, 2), 1e-12);
    assertEquals(bigram2, model.probability(3, 1, 2), 1e-12);
  }

  @Test
  void repetitionIsLearnedAndNoiseCostsItsEntropy() {
    TokenStream noise = zipf(60_000, 2);
    KneserNey model = KneserNey.train(noise, VOCABULARY);
    TokenStream other = zipf(20_000, 3);
    double loss = model.loss(other) / other.tokens();
    assertEquals(entropy(), loss, 0.02);
    assertTrue(loss > entropy() - 0.01, "loss is " + loss);
  }

  private static double[] weights() {
    double[] weights = new double[VOCABULARY];
    double sum = 0;
    for (int i = 1; i < VOCABULARY; i++) {
      weights[i] = 1.0 / i;
      sum += weights[i];
    }
    for (int i = 1; i < VOCABULARY; i++) {
      weights[i] /= sum;
    }
    return weights;
  }

  private static double entropy() {
    double entropy = 0;
    for (double weight : weights()) {
      entropy -= weight > 0 ? weight * Math.log(weight) : 0;
    }
    return entropy;
  }

  private static TokenStream zipf(int tokens, long seed) {
    RandomStream random = RandomStream.of(seed, "zipf");
    double[] weights = weights();
    int[] ids = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      double left = random.uniform(t);
      int id = 1;
      while (id < VOCABULARY - 1 && left >= weights[id]) {
        left -= weights[id];
        id++;
      }
      ids[t] = id;
    }
    return TokenStream.of(List.of(ids), 0, 16);
  }
}
