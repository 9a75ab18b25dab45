package mechinterp.megabench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;

/**
 * A metric of one kind of autoencoder, of each seed and each document: the mean over seeds of
 *
 * <pre>  sum over documents of numerator / sum over documents of denominator</pre>
 *
 * so a mean over tokens has the tokens of a document as denominator, and the FVU its variance.
 *
 * @param seeds of each training; all of the same documents
 */
public record Measurement(List<Seed> seeds) {
  private static final double LOW = 0.025;
  private static final double HIGH = 0.975;

  /**
   * What one training came to.
   *
   * @param numerators of each document
   * @param denominators of each document
   */
  public record Seed(List<Double> numerators, List<Double> denominators) {
    /**
     * Checks the documents.
     *
     * @throws IllegalArgumentException when there are none, or the two are of different numbers
     */
    public Seed {
      numerators = List.copyOf(numerators);
      denominators = List.copyOf(denominators);
      if (numerators.isEmpty() || numerators.size() != denominators.size()) {
        throw new IllegalArgumentException(
            "measurement: has %d numerators and %d denominators; there must be one of each for every document"
                .formatted(numerators.size(), denominators.size()));
      }
    }

    /** Returns the ratio over some documents, each as often as it is named. */
    double ratio(int[] documents) {
      double above = 0;
      double below = 0;
      for (int document : documents) {
        above += numerators.get(document);
        below += denominators.get(document);
      }
      return above / below;
    }
  }

  /**
   * Checks the seeds.
   *
   * @throws IllegalArgumentException when there are none, or they have different documents
   */
  public Measurement {
    seeds = List.copyOf(seeds);
    if (seeds.stream().map(seed -> seed.numerators().size()).distinct().count() != 1) {
      throw new IllegalArgumentException(
          "measurement: of %d seeds; there must be at least 1, all of the same documents"
              .formatted(seeds.size()));
    }
  }

  /** Returns the number of documents. */
  public int documents() {
    return seeds.getFirst().numerators().size();
  }

  /** Returns the value of each seed on all documents. */
  public double[] bySeed() {
    int[] all = IntStream.range(0, documents()).toArray();
    return seeds.stream().mapToDouble(seed -> seed.ratio(all)).toArray();
  }

  /** Returns the mean over seeds. */
  public double value() {
    return Arrays.stream(bySeed()).average().orElseThrow();
  }

  /**
   * Returns the values of bootstrap draws, each of as many seeds and documents drawn with
   * replacement, the same documents for all seeds. Measurements of the same numbers of seeds and
   * documents get the same draws, so that differences of two are paired.
   */
  public double[] draws(int number, long seed) {
    double[] values = new double[number];
    for (int draw = 0; draw < number; draw++) {
      values[draw] =
          mean(
              resampled(RandomStream.of(seed, "seeds"), draw, seeds.size()),
              resampled(RandomStream.of(seed, "documents"), draw, documents()));
    }
    return values;
  }

  /** Returns the draws of documents alone, with all seeds. */
  double[] documentDraws(int number, long seed) {
    int[] all = IntStream.range(0, seeds.size()).toArray();
    double[] values = new double[number];
    for (int draw = 0; draw < number; draw++) {
      values[draw] = mean(all, resampled(RandomStream.of(seed, "documents"), draw, documents()));
    }
    return values;
  }

  private double mean(int[] chosen, int[] documents) {
    return Arrays.stream(chosen)
        .mapToDouble(seed -> seeds.get(seed).ratio(documents))
        .average()
        .orElseThrow();
  }

  private static int[] resampled(RandomStream random, int draw, int size) {
    return IntStream.range(0, size).map(i -> random.below((long) draw * size + i, size)).toArray();
  }

  /** Returns the value with its bootstrap interval over seeds and documents. */
  public MetricValue withInterval(int draws, long seed) {
    double[] sorted = draws(draws, seed);
    Arrays.sort(sorted);
    return new MetricValue(value(), at(sorted, LOW), at(sorted, HIGH));
  }

  private static double at(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }
}
