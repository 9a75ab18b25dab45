package mechinterp.experiments.megabench;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mechinterp.experiments.report.FrontChart;
import mechinterp.megabench.Metric;
import mechinterp.megabench.MetricValue;
import mechinterp.megabench.ParetoFront;

/** What nothing beats in two figures at once, of all autoencoders on one model. */
final class Fronts {
  private Fronts() {}

  /** Returns the figures that can be drawn. */
  static List<FrontChart> of(String model, List<BenchResults.Group> groups, List<String> kinds) {
    List<FrontChart> charts = new ArrayList<>();
    List<BenchResults.Group> sparse =
        groups.stream().filter(group -> !group.name().equals(Baseline.RAW.field())).toList();
    add(
        charts,
        model + ": error over sparsity",
        "Towards the lower left is better; bars are 95 % intervals.",
        new Side(Metric.L0, "active latents (L0)", false),
        new Side(Metric.FVU, "FVU", false),
        sparse,
        kinds);
    add(
        charts,
        model + ": recovered features over cost",
        "What training costs, and how far latents are from the known features.",
        new Side(Metric.TRAIN_SECONDS, "seconds of training", false),
        new Side(Metric.F1, "1 - F1", true),
        sparse,
        kinds);
    add(
        charts,
        model + ": concepts over cost",
        "What training costs, and how badly single latents tell tokens.",
        new Side(Metric.TRAIN_SECONDS, "seconds of training", false),
        new Side(Metric.TOKEN_F1, "1 - token F1", true),
        sparse,
        kinds);
    return charts;
  }

  /** A figure, the smaller the better. */
  private record Side(Metric metric, String label, boolean isFromOne) {
    Optional<FrontChart.Range> range(BenchResults.Group group) {
      return group.value(metric).map(this::range);
    }

    private FrontChart.Range range(MetricValue value) {
      return isFromOne
          ? new FrontChart.Range(1 - value.value(), 1 - value.high(), 1 - value.low())
          : new FrontChart.Range(value.value(), value.low(), value.high());
    }
  }

  private static void add(
      List<FrontChart> charts,
      String title,
      String explanation,
      Side x,
      Side y,
      List<BenchResults.Group> groups,
      List<String> kinds) {
    Map<String, BenchResults.Group> shown = new LinkedHashMap<>();
    for (BenchResults.Group group : groups) {
      if (x.range(group).isPresent() && y.range(group).isPresent()) {
        shown.put(
            "%s, %d latents, k %d".formatted(group.name(), group.cell().dSae(), group.cell().k()),
            group);
      }
    }
    if (shown.isEmpty()) {
      return;
    }
    Set<String> front =
        new HashSet<>(
            ParetoFront.of(
                    shown.entrySet().stream()
                        .map(entry ->
                            new ParetoFront.Point(
                                entry.getKey(),
                                x.range(entry.getValue()).orElseThrow().value(),
                                y.range(entry.getValue()).orElseThrow().value()))
                        .toList())
                .stream()
                .map(ParetoFront.Point::name)
                .collect(Collectors.toSet()));
    Stream<FrontChart.Point> points =
        shown.entrySet().stream()
            .map(entry ->
                new FrontChart.Point(
                    entry.getKey(),
                    kinds.indexOf(entry.getValue().name()),
                    front.contains(entry.getKey()),
                    x.range(entry.getValue()).orElseThrow(),
                    y.range(entry.getValue()).orElseThrow()));
    charts.add(new FrontChart(title, explanation, x.label(), y.label(), points.toList()));
  }
}
