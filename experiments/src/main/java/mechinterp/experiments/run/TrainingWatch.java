package mechinterp.experiments.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.LiveCurve;
import mechinterp.experiments.console.Progress;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * Shows a training while it goes on: the plan, its time when some steps are done, a line of
 * progress with a curve of the FVU, warnings and, in a file, curves.
 */
final class TrainingWatch implements TrainListener {
  private static final int CURVE_WIDTH = 16;

  private final TrainConfig config;
  private final Progress progress;
  private final Optional<DiskPlan> disk;
  private final Optional<TrainingPlace> place;
  private final PlanNotes notes;
  private final LiveCurve curve;
  private final List<StepMetrics> history = new ArrayList<>();

  /**
   * A watch.
   *
   * @param disk what is written, where something is
   * @param place where
   * @param streamed the memory of streamed activations, where they are streamed
   */
  TrainingWatch(
      TrainConfig config,
      Progress progress,
      Optional<DiskPlan> disk,
      Optional<TrainingPlace> place,
      Optional<MemoryPlan> streamed) {
    this.config = config;
    this.progress = progress;
    this.disk = disk;
    this.place = place;
    this.notes = new PlanNotes(progress, streamed);
    this.curve = new LiveCurve(CURVE_WIDTH, config.steps());
  }

  @Override
  public void planned(MemoryPlan plan) {
    long tokens = (long) config.steps() * config.batchSize();
    notes.planned(
        String.format(Locale.ROOT, "%,d tokens in %,d steps", tokens, config.steps()), plan, disk);
  }

  @Override
  public void resumed(List<StepMetrics> restored) {
    restored.forEach(this::remember);
    notes.resumed(restored.size(), config.steps());
  }

  /** Hears how many seconds the training will take, where that is known, before it starts. */
  void rehearsed(Optional<Double> seconds) {
    notes.rehearsed(seconds);
  }

  private void remember(StepMetrics metrics) {
    history.add(metrics);
    curve.add(metrics.step(), metrics.fvu());
  }

  @Override
  public void warned(String warning) {
    progress.note("warning: " + warning);
  }

  @Override
  public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
    remember(metrics);
    progress.update(metrics.tokens(), describe(metrics));
    notes.step(history.size(), steps, config.batchSize(), tokensPerSecond);
    place
        .filter(where -> where.curvesAreDue(history.size(), steps))
        .flatMap(TrainingPlace::liveCurves)
        .ifPresent(file -> writeCurves(file, steps));
  }

  private String describe(StepMetrics metrics) {
    String parts =
        metrics.losses().size() < 2
            ? ""
            : metrics.losses().entrySet().stream()
                .map(part -> String.format(Locale.ROOT, "%s %.4g", part.getKey(), part.getValue()))
                .collect(Collectors.joining(" + ", " = ", ""));
    return String.format(
        Locale.ROOT,
        "loss %.4g%s  FVU %.4f %s  L0 %.1f  dead %,d",
        metrics.loss(),
        parts,
        metrics.fvu(),
        curve,
        metrics.l0(),
        metrics.deadLatents());
  }

  private void writeCurves(Path file, int steps) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      TrainingCurves.write(file, history, steps);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tells what was measured of what was planned. */
  void finished() {
    notes.finished();
  }
}
