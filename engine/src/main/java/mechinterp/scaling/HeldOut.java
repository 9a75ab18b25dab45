package mechinterp.scaling;

import java.util.ArrayList;
import java.util.List;

/**
 * A law fitted without a model, held against what was measured on that model.
 *
 * @param model that was held out
 * @param law fitted to the others
 * @param points each prediction beside its measurement
 */
public record HeldOut(String model, ScalingLaw law, List<Tested> points) {
  /** Copies the points. */
  public HeldOut {
    points = List.copyOf(points);
  }

  /** A measurement and what the law said of it. */
  public record Tested(ScalingPoint measured, Prediction predicted) {
    double logError() {
      return Math.log(predicted.value() / measured.loss());
    }
  }

  /**
   * Fits a form to all models but one and predicts that one.
   *
   * @throws IllegalArgumentException as {@link ScalingLaw#fit} and {@link ScalingLaw#predict}
   */
  public static HeldOut of(
      String model, LawForm form, ScalingPoints measured, FitSettings settings) {
    ScalingPoints others = measured.ofModel(model, true);
    if (others.points().size() == measured.points().size()) {
      throw new IllegalArgumentException(
          "hold-out: is %s; the points are of %s".formatted(model, measured.models()));
    }
    ScalingLaw law = ScalingLaw.fit(form, others, settings);
    List<Tested> tested = new ArrayList<>();
    for (ScalingPoint point : measured.ofModel(model, false).points()) {
      tested.add(new Tested(point, law.predict(point.setting())));
    }
    return new HeldOut(model, law, tested);
  }

  /** Returns the root of the mean square of ln of predicted over measured loss. */
  public double error() {
    return Math.sqrt(
        points.stream()
            .mapToDouble(point -> point.logError() * point.logError())
            .average()
            .orElseThrow());
  }

  /** Returns the share of measurements within their 95 % interval. */
  public double coverage() {
    return points.stream()
        .mapToDouble(point -> point.predicted().covers(point.measured().loss()) ? 1 : 0)
        .average()
        .orElseThrow();
  }
}
