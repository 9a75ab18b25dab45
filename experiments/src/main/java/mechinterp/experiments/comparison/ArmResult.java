package mechinterp.experiments.comparison;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mechinterp.metrics.ConfidenceInterval;

/**
 * An arm with all its seeds.
 *
 * @param name of the arm
 * @param learningRate the one that was chosen
 * @param tuning FVU of the validation activations for each learning rate; empty when there was but
 *     one
 * @param figures of the test activations by name, a value for each seed
 * @param trainingSeconds of each seed
 */
public record ArmResult(
    String name,
    double learningRate,
    Map<Double, Double> tuning,
    Map<String, List<Double>> figures,
    List<Double> trainingSeconds) {
  private static final double LEVEL = 0.95;

  /**
   * Puts the seeds together.
   *
   * @param agreement further figures of each seed
   */
  static ArmResult of(
      String name,
      double learningRate,
      Map<Double, Double> tuning,
      List<ReportedCell> seeds,
      List<Map<String, Double>> agreement) {
    Map<String, List<Double>> figures = new LinkedHashMap<>();
    addAll(figures, seeds.stream().map(ReportedCell::figures).toList());
    addAll(figures, agreement);
    return new ArmResult(
        name,
        learningRate,
        tuning,
        figures,
        seeds.stream().map(ReportedCell::trainingSeconds).toList());
  }

  private static void addAll(Map<String, List<Double>> figures, List<Map<String, Double>> seeds) {
    for (String figure : seeds.getFirst().keySet()) {
      figures.put(figure, seeds.stream().map(seed -> value(seed, figure)).toList());
    }
  }

  private static <T> T value(Map<String, T> figures, String figure) {
    return Objects.requireNonNull(figures.get(figure));
  }

  /** Returns the mean over the seeds with its 95 % interval. */
  public ConfidenceInterval interval(String figure) {
    return ConfidenceInterval.of(LEVEL, array(value(figures, figure)));
  }

  /**
   * Returns the mean difference to another arm with its 95 % interval, paired by seed: the same
   * seed trained on the same activations.
   */
  public ConfidenceInterval difference(ArmResult from, String figure) {
    double[] values = array(value(figures, figure));
    double[] others = array(value(from.figures, figure));
    for (int i = 0; i < values.length; i++) {
      values[i] -= others[i];
    }
    return ConfidenceInterval.of(LEVEL, values);
  }

  /**
   * Returns the mean of a figure over another arm's figure, less 1, with its 95 % interval, paired
   * by seed.
   *
   * @param baseFigure the other arm's figure, which may have another name
   */
  public ConfidenceInterval relativeTo(ArmResult base, String figure, String baseFigure) {
    double[] values = array(value(figures, figure));
    double[] bases = array(value(base.figures, baseFigure));
    for (int i = 0; i < values.length; i++) {
      values[i] = values[i] / bases[i] - 1;
    }
    return ConfidenceInterval.of(LEVEL, values);
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
