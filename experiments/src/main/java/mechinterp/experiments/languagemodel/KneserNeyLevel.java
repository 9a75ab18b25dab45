package mechinterp.experiments.languagemodel;

import java.util.Arrays;

/**
 * The n-grams of one length with their counts. An n-gram is a number: its words as digits in base
 * vocabulary, the last one at the end; the number without that digit is its context.
 */
final class KneserNeyLevel {
  /** Counts from here on share a discount. */
  private static final int MOST = 3;

  /** The discount of plain Kneser-Ney, where there are too few n-grams to estimate it. */
  private static final double USUAL_DISCOUNT = 0.75;

  private final int vocabulary;
  private final long[] codes;
  private final int[] counts;
  private final double[] discounts;
  private final long[] contexts;
  private final double[] totals;
  private final double[] gammas;

  private KneserNeyLevel(int vocabulary, long[] codes, int[] counts) {
    this.vocabulary = vocabulary;
    this.codes = codes;
    this.counts = counts;
    this.discounts = discounts(counts);
    this.contexts = Arrays.stream(codes).map(code -> code / vocabulary).distinct().toArray();
    this.totals = new double[contexts.length];
    this.gammas = new double[contexts.length];
    addUpContexts();
  }

  /** Counts equal numbers of a sorted array. */
  static KneserNeyLevel ofSorted(long[] sorted, int vocabulary) {
    long[] codes = new long[sorted.length];
    int[] counts = new int[sorted.length];
    int different = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        codes[different++] = sorted[i];
      }
      counts[different - 1]++;
    }
    return new KneserNeyLevel(
        vocabulary, Arrays.copyOf(codes, different), Arrays.copyOf(counts, different));
  }

  /**
   * Returns the discounts of the counts 0 to 3, the last one for all above too: D_i = i - (i + 1) Y
   * n_(i+1) / n_i with Y = n_1 / (n_1 + 2 n_2) and n_i the number of n-grams that were seen i times
   * (Chen and Goodman 1998, equation 26).
   */
  private static double[] discounts(int[] counts) {
    double[] numbers = new double[MOST + 2];
    for (int count : counts) {
      if (count <= MOST + 1) {
        numbers[count]++;
      }
    }
    double y = numbers[1] / (numbers[1] + 2 * numbers[2]);
    double[] discounts = new double[MOST + 1];
    for (int i = 1; i <= MOST; i++) {
      double estimate = i - (i + 1) * y * numbers[i + 1] / numbers[i];
      discounts[i] = estimate > 0 && estimate < i ? estimate : USUAL_DISCOUNT;
    }
    return discounts;
  }

  private void addUpContexts() {
    int context = -1;
    for (int i = 0; i < codes.length; i++) {
      if (i == 0 || codes[i] / vocabulary != codes[i - 1] / vocabulary) {
        context++;
      }
      totals[context] += counts[i];
      gammas[context] += discount(i);
    }
    for (int c = 0; c < contexts.length; c++) {
      gammas[c] /= totals[c];
    }
  }

  private double discount(int index) {
    return discounts[Math.min(counts[index], MOST)];
  }

  /** Returns a copy of the different n-grams, by rising number. */
  long[] codes() {
    return codes.clone();
  }

  /**
   * Returns the probability of the last word of an n-gram after the others.
   *
   * @param lower its probability after one word less
   */
  double interpolate(long code, double lower) {
    int context = Arrays.binarySearch(contexts, code / vocabulary);
    if (context < 0) {
      return lower;
    }
    int index = Arrays.binarySearch(codes, code);
    double kept = index < 0 ? 0 : (counts[index] - discount(index)) / totals[context];
    return kept + gammas[context] * lower;
  }
}
