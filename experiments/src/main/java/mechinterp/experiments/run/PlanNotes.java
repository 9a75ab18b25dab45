package mechinterp.experiments.run;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Locale;
import java.util.Optional;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.Progress;

/** Tells what a training will take before it starts, and what it took of that in the end. */
final class PlanNotes {
  private static final int STEPS_UNTIL_ESTIMATE = 20;
  private static final double NANOSECONDS = 1e9;

  private final Progress progress;
  private final Optional<MemoryPlan> streamed;
  private int stepsBefore;
  private long plannedBytes;
  private Optional<Double> plannedSeconds = Optional.empty();
  private long began = System.nanoTime();

  /**
   * Notes beside a progress.
   *
   * @param streamed the memory of streamed activations, where they are streamed
   */
  PlanNotes(Progress progress, Optional<MemoryPlan> streamed) {
    this.progress = progress;
    this.streamed = streamed;
  }

  /**
   * Tells the plan.
   *
   * @param what is trained, such as {@code 640 tokens in 10 steps}
   * @param plan the memory of the training itself
   * @param disk what is written, where something is
   */
  void planned(String what, MemoryPlan plan, Optional<DiskPlan> disk) {
    plannedBytes = plan.total() + streamed.map(MemoryPlan::total).orElse(0L);
    progress.note(
        "plan: %s; memory %s%s%s"
            .formatted(
                what,
                DiskPlan.mebibytes(plannedBytes),
                streamed
                    .map(each ->
                        ", " + DiskPlan.mebibytes(each.total()) + " of it to stream activations")
                    .orElse(""),
                disk.map(each -> "; " + each.out() + ": " + each.describe()).orElse("")));
  }

  /** Hears how many seconds the whole training will take, where that is known, before it starts. */
  void rehearsed(Optional<Double> seconds) {
    plannedSeconds = seconds;
  }

  /**
   * Hears that the first step comes now, and tells how long it will all take.
   *
   * @param done steps that were done in an earlier process
   * @param steps of the whole training
   */
  void resumed(int done, int steps) {
    stepsBefore = done;
    if (done > 0) {
      progress.note(String.format(Locale.ROOT, "plan: goes on after step %,d", done));
    }
    plannedSeconds = plannedSeconds.map(seconds -> seconds * (steps - done) / steps);
    plannedSeconds.ifPresent(
        seconds -> progress.note("plan: about %s".formatted(Progress.duration(seconds))));
    began = System.nanoTime();
  }

  /**
   * Hears of a step, and once tells the time that the rest will take.
   *
   * @param done steps so far, those of an earlier process included
   * @param steps of the whole training
   * @param batchSize tokens of a step
   */
  void step(int done, int steps, int batchSize, double tokensPerSecond) {
    if (done - stepsBefore == STEPS_UNTIL_ESTIMATE && steps > done + STEPS_UNTIL_ESTIMATE) {
      double left = (double) (steps - done) * batchSize / tokensPerSecond;
      progress.note("plan: about %s to go".formatted(Progress.duration(left)));
    }
  }

  /** Tells what was measured of what was planned. */
  void finished() {
    double taken = (System.nanoTime() - began) / NANOSECONDS;
    plannedSeconds.ifPresent(seconds ->
        progress.note(
            "time: %s planned, %s taken"
                .formatted(Progress.duration(seconds), Progress.duration(taken))));
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
