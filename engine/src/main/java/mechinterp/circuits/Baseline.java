package mechinterp.circuits;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * The metric of a model without patches, for each example.
 *
 * @param clean of the clean prompts
 * @param corrupt of the corrupted ones
 */
public record Baseline(List<Double> clean, List<Double> corrupt) {
  /** Keeps the lists. */
  public Baseline {
    clean = List.copyOf(clean);
    corrupt = List.copyOf(corrupt);
  }

  static Baseline of(double[] clean, double[] corrupt) {
    return new Baseline(
        DoubleStream.of(clean).boxed().toList(), DoubleStream.of(corrupt).boxed().toList());
  }

  /** Returns the mean over the clean prompts. */
  public double cleanMean() {
    return mean(clean);
  }

  /** Returns the mean over the corrupted prompts. */
  public double corruptMean() {
    return mean(corrupt);
  }

  /** Returns the share of clean prompts whose logit difference is positive: that are answered. */
  public double accuracy() {
    long right = clean.stream().filter(value -> value > 0).count();
    return (double) right / clean.size();
  }

  double[] cleanArray() {
    return array(clean);
  }

  double[] corruptArray() {
    return array(corrupt);
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double mean(List<Double> values) {
    return Arrays.stream(array(values)).average().orElseThrow();
  }
}
