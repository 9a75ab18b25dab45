package mechinterp.metrics;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * k-sparse probing (Gurnee et al. 2023, arXiv 2305.01610; as SAEBench does it): how well k latents
 * tell two classes of texts apart. A text's numbers are its latents' mean activations over its
 * tokens. On training texts the k latents with the largest |mean of one class - mean of the other|
 * are chosen, divided by their standard deviation, and a logistic regression (L2, C = 1) is fitted;
 * its accuracy is that on test texts.
 */
public final class SparseProbing {
  private SparseProbing() {}

  /** Texts of two classes. */
  public static final class Texts {
    private final List<float[]> latents = new ArrayList<>();
    private final BitSet positive = new BitSet();

    /**
     * Adds a text.
     *
     * @param means mean activation of each latent over its tokens; not copied
     * @param isPositive its class
     */
    public void add(float[] means, boolean isPositive) {
      positive.set(latents.size(), isPositive);
      latents.add(means);
    }

    private int size() {
      return latents.size();
    }

    private void requireBothClasses() {
      if (positive.isEmpty() || positive.cardinality() == size()) {
        throw new IllegalArgumentException(
            "probing: %d of %d texts are of the class; there must be some, and others"
                .formatted(positive.cardinality(), size()));
      }
    }
  }

  /**
   * Returns the accuracy on the test texts.
   *
   * @param k number of latents
   * @throws IllegalArgumentException when the training texts are all of one class
   */
  public static double accuracy(Texts training, Texts test, int k) {
    return (double) right(training, test, k).cardinality() / test.size();
  }

  /**
   * Returns which of the test texts are told right.
   *
   * @param k number of latents; all of them where there are fewer
   * @throws IllegalArgumentException when the training texts are all of one class
   */
  public static BitSet right(Texts training, Texts test, int k) {
    training.requireBothClasses();
    int[] chosen = chosen(training, k);
    double[] deviations = new double[chosen.length];
    for (int j = 0; j < chosen.length; j++) {
      deviations[j] = deviation(training, chosen[j]);
    }
    LogisticRegression fitted =
        LogisticRegression.fit(numbers(training, chosen, deviations), training.positive);
    double[][] tested = numbers(test, chosen, deviations);
    BitSet right = new BitSet();
    for (int i = 0; i < tested.length; i++) {
      right.set(i, fitted.score(tested[i]) > 0 == test.positive.get(i));
    }
    return right;
  }

  /** Of equal differences the latents of lower number. */
  private static int[] chosen(Texts texts, int k) {
    double[] differences = new double[texts.latents.getFirst().length];
    int positives = texts.positive.cardinality();
    for (int i = 0; i < texts.size(); i++) {
      double share = texts.positive.get(i) ? 1.0 / positives : -1.0 / (texts.size() - positives);
      float[] latents = texts.latents.get(i);
      for (int j = 0; j < latents.length; j++) {
        differences[j] += share * latents[j];
      }
    }
    return IntStream.range(0, differences.length)
        .boxed()
        .sorted(Comparator.comparingDouble(j -> -Math.abs(differences[j])))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Returns 1 for a latent that is the same on all texts. */
  private static double deviation(Texts texts, int latent) {
    double mean = texts.latents.stream().mapToDouble(each -> each[latent]).average().orElse(0);
    double variance =
        texts.latents.stream()
            .mapToDouble(each -> Math.pow(each[latent] - mean, 2))
            .average()
            .orElse(0);
    return variance > 0 ? Math.sqrt(variance) : 1;
  }

  private static double[][] numbers(Texts texts, int[] chosen, double[] deviations) {
    double[][] numbers = new double[texts.size()][chosen.length];
    for (int i = 0; i < numbers.length; i++) {
      for (int j = 0; j < chosen.length; j++) {
        numbers[i][j] = texts.latents.get(i)[chosen[j]] / deviations[j];
      }
    }
    return numbers;
  }
}
