package mechinterp.experiments.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.Progress;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * Shows a training while it goes on: the plan, its time when some steps are done, a line of
 * progress, warnings and, in a file, curves.
 */
final class TrainingWatch implements TrainListener {
  private static final int STEPS_UNTIL_ESTIMATE = 20;

  private final TrainConfig config;
  private final Progress progress;
  private final Optional<DiskPlan> disk;
  private final Optional<TrainingPlace> place;
  private final Optional<MemoryPlan> streamed;
  private final List<StepMetrics> history = new ArrayList<>();
  private int stepsBefore;
  private long plannedBytes;

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
    this.streamed = streamed;
  }

  @Override
  public void planned(MemoryPlan plan) {
    plannedBytes = plan.total() + streamed.map(MemoryPlan::total).orElse(0L);
    progress.note(
        String.format(
            Locale.ROOT,
            "plan: %,d tokens in %,d steps; memory %s%s%s",
            (long) config.steps() * config.batchSize(),
            config.steps(),
            DiskPlan.mebibytes(plannedBytes),
            streamed
                .map(each ->
                    ", " + DiskPlan.mebibytes(each.total()) + " of it to stream activations")
                .orElse(""),
            disk.map(each -> "; " + each.out() + ": " + each.describe()).orElse("")));
  }

  @Override
  public void resumed(List<StepMetrics> restored) {
    history.addAll(restored);
    stepsBefore = restored.size();
    if (stepsBefore > 0) {
      progress.note("plan: goes on after step %,d".formatted(stepsBefore));
    }
  }

  @Override
  public void warned(String warning) {
    progress.note("warning: " + warning);
  }

  @Override
  public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
    history.add(metrics);
    progress.update(metrics.tokens(), describe(metrics));
    if (history.size() - stepsBefore == STEPS_UNTIL_ESTIMATE
        && steps > history.size() + STEPS_UNTIL_ESTIMATE) {
      double left = (double) (steps - history.size()) * config.batchSize() / tokensPerSecond;
      progress.note("plan: about %s to go".formatted(Progress.duration(left)));
    }
    place
        .filter(where -> history.size() % where.curvesEvery() == 0)
        .flatMap(TrainingPlace::liveCurves)
        .ifPresent(file -> writeCurves(file, steps));
  }

  private static String describe(StepMetrics metrics) {
    String parts =
        metrics.losses().size() < 2
            ? ""
            : metrics.losses().entrySet().stream()
                .map(part -> String.format(Locale.ROOT, "%s %.4g", part.getKey(), part.getValue()))
                .collect(Collectors.joining(" + ", " = ", ""));
    return String.format(
        Locale.ROOT,
        "loss %.4g%s  FVU %.4f  L0 %.1f  dead %,d",
        metrics.loss(),
        parts,
        metrics.fvu(),
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

  /** Says what was measured of what was planned. */
  void finished() {
    long peak =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getPeakUsage)
            .mapToLong(usage -> usage.getUsed())
            .sum();
    progress.note(
        "memory: %s planned, the Java heap had at most %s, garbage included"
            .formatted(DiskPlan.mebibytes(plannedBytes), DiskPlan.mebibytes(peak)));
  }
}
