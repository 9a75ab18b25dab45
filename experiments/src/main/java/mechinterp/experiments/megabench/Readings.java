package mechinterp.experiments.megabench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mechinterp.megabench.Measurement;
import mechinterp.megabench.Metric;

/**
 * What is measured of one autoencoder. Documents, latents, labels and texts are dealt out to 32
 * groups in turn, and of each group there is one sum: enough for a bootstrap, and small.
 */
final class Readings {
  /** How many groups there are. */
  static final int GROUPS = 32;

  private static final int LEAST_GROUPS = 12;

  private final Map<String, Measurement.Seed> values = new LinkedHashMap<>();

  /**
   * Sums of groups.
   *
   * @param numerators of each group
   * @param denominators of each group
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Sums(double[] numerators, double[] denominators) {
    Sums() {
      this(new double[GROUPS], new double[GROUPS]);
    }

    void add(int number, double numerator, double denominator) {
      numerators[number % GROUPS] += numerator;
      denominators[number % GROUPS] += denominator;
    }
  }

  /**
   * Adds a metric; one that is not defined, such as a mean of nothing, is left out. Groups without
   * anything are left out, too: of documents, labels and texts they are the same for every
   * autoencoder. Of latents all groups stay, so that all have as many, and the metric is left out
   * where the latents that it is a mean of are in fewer than 12 groups, so that a draw could miss
   * them all.
   */
  void put(Metric metric, Sums sums) {
    int[] filled =
        IntStream.range(0, GROUPS).filter(group -> sums.denominators[group] != 0).toArray();
    boolean isOfLatents = metric.unit() == Metric.Unit.LATENTS;
    if (filled.length < (isOfLatents ? LEAST_GROUPS : 1)) {
      return;
    }
    int[] kept = isOfLatents ? IntStream.range(0, GROUPS).toArray() : filled;
    Measurement.Seed seed =
        new Measurement.Seed(of(sums.numerators, kept), of(sums.denominators, kept));
    if (Double.isFinite(new Measurement(List.of(seed)).value())) {
      values.put(metric.field(), seed);
    }
  }

  private static List<Double> of(double[] all, int[] kept) {
    return Arrays.stream(kept).mapToObj(group -> all[group]).toList();
  }

  /** Adds a mean over numbered things; those that are not a number are left out. */
  void putMean(Metric metric, double[] each) {
    Sums sums = new Sums();
    for (int i = 0; i < each.length; i++) {
      if (!Double.isNaN(each[i])) {
        sums.add(i, each[i], 1);
      }
    }
    put(metric, sums);
  }

  /** Adds a figure of the whole; one that is not finite is left out. */
  void put(Metric metric, double value) {
    if (Double.isFinite(value)) {
      values.put(metric.field(), new Measurement.Seed(List.of(value), List.of(1.0)));
    }
  }

  /** Returns all by metric. */
  Map<String, Measurement.Seed> values() {
    return values;
  }
}
