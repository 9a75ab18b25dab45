package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import mechinterp.experiments.report.Figure;
import mechinterp.experiments.report.FigurePage;
import mechinterp.experiments.report.LineChart;
import mechinterp.io.AtomicFile;
import mechinterp.training.StepMetrics;

/** The curves of a training as an HTML page: losses and their parts, FVU, L0, dead latents. */
public final class TrainingCurves {
  /** The file's name. */
  public static final String FILE = "curves.html";

  private static final String UNEXPLAINED = "What reconstructions leave unexplained of a batch.";
  private static final String DEAD = "Latents that were not active for long.";

  private TrainingCurves() {}

  /**
   * Writes the page; it appears whole or not at all.
   *
   * @param steps of the whole training; a page of fewer loads itself again every few seconds
   */
  public static void write(Path file, List<StepMetrics> history, int steps) throws IOException {
    write(file, history.getLast(), steps, figures(history));
  }

  /**
   * Writes a page of several trainings: FVU and dead latents of each.
   *
   * @param histories by the names of the trainings, none empty
   * @param steps of the longest training
   */
  public static void writeAll(Path file, Map<String, List<StepMetrics>> histories, int steps)
      throws IOException {
    List<Figure> figures = new ArrayList<>();
    StepMetrics last = histories.values().iterator().next().getLast();
    for (Map.Entry<String, List<StepMetrics>> training : histories.entrySet()) {
      List<StepMetrics> history = training.getValue();
      figures.add(curve(training.getKey() + ": FVU", UNEXPLAINED, history, StepMetrics::fvu));
      figures.add(
          curve(training.getKey() + ": dead latents", DEAD, history, StepMetrics::deadLatents));
      last = history.getLast().step() > last.step() ? history.getLast() : last;
    }
    write(file, last, steps, figures);
  }

  private static void write(Path file, StepMetrics last, int steps, List<Figure> figures)
      throws IOException {
    String page =
        FigurePage.of(
            "Training",
            "step %,d of %,d, %,d tokens".formatted(last.step(), steps, last.tokens()),
            figures,
            last.step() < steps);
    byte[] bytes = page.getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, out -> out.write(bytes));
  }

  private static List<Figure> figures(List<StepMetrics> history) {
    List<Figure> figures = new ArrayList<>();
    figures.add(curve("FVU", UNEXPLAINED, history, StepMetrics::fvu));
    figures.add(curve("Loss", "What is minimised.", history, StepMetrics::loss));
    for (String part : parts(history)) {
      figures.add(
          curve(
              "Loss: " + part,
              "A part of the loss.",
              history,
              step -> step.losses().getOrDefault(part, 0.0)));
    }
    figures.add(curve("L0", "Mean number of active latents of a token.", history, StepMetrics::l0));
    figures.add(curve("Dead latents", DEAD, history, StepMetrics::deadLatents));
    figures.add(
        curve(
            "Learning rate",
            "Rises at first, falls at the end.",
            history,
            StepMetrics::learningRate));
    return figures;
  }

  private static Set<String> parts(List<StepMetrics> history) {
    Set<String> parts = new LinkedHashSet<>();
    history.forEach(step -> parts.addAll(step.losses().keySet()));
    return parts;
  }

  private static LineChart curve(
      String title,
      String explanation,
      List<StepMetrics> history,
      ToDoubleFunction<StepMetrics> value) {
    List<LineChart.Point> points =
        history.stream()
            .map(step -> new LineChart.Point(step.tokens(), value.applyAsDouble(step)))
            .toList();
    return new LineChart(title, explanation, "tokens trained on", title, points, Optional.empty());
  }
}
