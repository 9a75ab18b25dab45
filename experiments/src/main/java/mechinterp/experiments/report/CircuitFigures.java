package mechinterp.experiments.report;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import mechinterp.analysis.steering.Dose;
import mechinterp.circuits.CircuitFidelity;

/** Figures of circuits and of changed latents. */
public final class CircuitFigures {
  private static final double PERCENT = 100;

  private CircuitFigures() {}

  /**
   * Returns how faithful circuits of growing size are, beside random ones and what is left without
   * them.
   *
   * @param parts what circuits are made of, such as {@code edges}
   */
  public static Figure faithfulness(CircuitFidelity.Curve curve, String parts) {
    return new SeriesChart(
        "Faithfulness of circuits by size",
        "A circuit stands out where it is far above random ones of its size.",
        parts + " in the circuit",
        SeriesChart.Scale.LOGARITHMIC,
        "share of the task",
        List.of(
            series(
                "circuit, 95 % over prompts",
                curve,
                point ->
                    new SeriesChart.Point(
                        point.size(), point.faithfulness(), point.low(), point.high(), "")),
            series(
                "the model without it",
                curve,
                point -> SeriesChart.Point.of(point.size(), point.completeness())),
            series(
                "random circuits",
                curve,
                point -> SeriesChart.Point.of(point.size(), point.random()))));
  }

  /** An empty circuit has no place on a logarithmic axis. */
  private static SeriesChart.Series series(
      String name,
      CircuitFidelity.Curve curve,
      Function<CircuitFidelity.Point, SeriesChart.Point> point) {
    return new SeriesChart.Series(
        name, curve.points().stream().filter(each -> each.size() > 0).map(point).toList());
  }

  /**
   * Returns how likely wanted tokens become against what that costs elsewhere, a point for each
   * strength.
   *
   * @param change what the strengths are of, such as {@code add}
   * @param untouched probability of the wanted tokens without a change
   */
  public static Figure doses(String change, double untouched, List<Dose> doses) {
    List<SeriesChart.Point> points =
        doses.stream()
            .map(dose ->
                SeriesChart.Point.of(
                    dose.klDivergence(),
                    PERCENT * dose.targetProbability(),
                    "%s %s".formatted(change, Html.number(dose.strength(), 2))))
            .toList();
    return new SeriesChart(
        "What a change brings and what it costs",
        "A useful strength is high up and far to the left.",
        "KL divergence on unrelated text, nats",
        SeriesChart.Scale.LINEAR,
        "wanted tokens, %",
        List.of(new SeriesChart.Series(change, withUntouched(untouched, points))));
  }

  private static List<SeriesChart.Point> withUntouched(
      double untouched, List<SeriesChart.Point> points) {
    return Stream.concat(Stream.of(SeriesChart.Point.of(0, PERCENT * untouched)), points.stream())
        .toList();
  }
}
