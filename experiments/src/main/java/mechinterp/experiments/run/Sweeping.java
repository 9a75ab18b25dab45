package mechinterp.experiments.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.Progress;
import mechinterp.training.Checkpoints;
import mechinterp.training.SaeSweep;
import mechinterp.training.StepMetrics;
import mechinterp.training.SweepListener;
import mechinterp.training.SweepResult;
import mechinterp.training.SweepStep;
import mechinterp.training.TrainedSae;

/**
 * A finished sweep.
 *
 * @param trained the trainings by the names of their members
 * @param failed why the other members ended early
 */
public record Sweeping(Map<String, Training> trained, Map<String, String> failed) {
  /** Keeps copies in the same order. */
  public Sweeping {
    trained = Collections.unmodifiableMap(new LinkedHashMap<>(trained));
    failed = Collections.unmodifiableMap(new LinkedHashMap<>(failed));
  }

  /**
   * Trains all members in one pass over the activations.
   *
   * @param place where it is written
   * @throws IOException when a checkpoint cannot be read or written, or the disk has too little
   *     room
   * @throws IllegalArgumentException when a size is out of its range, or members cannot be trained
   *     together
   * @throws mechinterp.training.TrainingException when no member can go on
   */
  public static Sweeping run(
      SweepSettings settings,
      TrainingData data,
      Device device,
      Progress.Display display,
      TrainingPlace place)
      throws IOException {
    ActivationBatches batches = data.batches();
    SaeSweep sweep = new SaeSweep(device, settings.members(data.sites()));
    Optional<Checkpoints> checkpoints = place.checkpoints();
    DiskPlan disk =
        new DiskPlan(
            place.out(),
            sweep.weightBytes(batches.dIn()),
            checkpoints.isPresent() ? sweep.stateBytes(batches.dIn()) : 0,
            place.checkpointsKept());
    disk.requireFits();
    int batchSize = settings.members().getFirst().train().batchSize();
    try (Progress progress = display.start("train", (long) sweep.steps() * batchSize, "tokens")) {
      Watch listener = new Watch(progress, disk, place, data.memory(), batchSize, sweep.steps());
      long tokens = (long) sweep.steps() * batchSize;
      listener.notes.rehearsed(sweep.rehearse(batches).map(own -> own + data.secondsToRun(tokens)));
      SweepResult result =
          checkpoints.isPresent()
              ? sweep.train(batches, listener, checkpoints.get())
              : sweep.train(batches, listener);
      listener.notes.finished();
      data.outliers().ifPresent(progress::note);
      return folded(result, settings, data);
    }
  }

  private static Sweeping folded(SweepResult result, SweepSettings settings, TrainingData data) {
    Map<String, Training> trained = new LinkedHashMap<>();
    for (SweepSettings.Member member : settings.members()) {
      TrainedSae own = result.trained().get(member.name());
      if (own != null) {
        List<Double> scales = TrainingData.scales(member.sites(data.sites()));
        trained.put(member.name(), new Training(own.sae().foldScales(scales), own.history()));
      }
    }
    return new Sweeping(trained, result.failed());
  }

  /** Shows plan, progress, warnings and curves. */
  private static final class Watch implements SweepListener {
    private final Progress progress;
    private final DiskPlan disk;
    private final TrainingPlace place;
    private final PlanNotes notes;
    private final int batchSize;
    private final int longest;
    private final Map<String, List<StepMetrics>> histories = new LinkedHashMap<>();

    Watch(
        Progress progress,
        DiskPlan disk,
        TrainingPlace place,
        Optional<MemoryPlan> streamed,
        int batchSize,
        int longest) {
      this.progress = progress;
      this.disk = disk;
      this.place = place;
      this.notes = new PlanNotes(progress, streamed);
      this.batchSize = batchSize;
      this.longest = longest;
    }

    @Override
    public void planned(MemoryPlan plan) {
      notes.planned(plan.purpose(), plan, Optional.of(disk));
    }

    @Override
    public void resumed(List<SweepStep> history) {
      history.forEach(this::remember);
      notes.resumed(history.size(), longest);
    }

    private void remember(SweepStep step) {
      step.members()
          .forEach((name, metrics) ->
              histories.computeIfAbsent(name, _ -> new ArrayList<>()).add(metrics));
    }

    @Override
    public void step(int step, int steps, SweepStep metrics, double tokensPerSecond) {
      remember(metrics);
      long tokens =
          metrics.members().values().stream().mapToLong(StepMetrics::tokens).max().orElse(0);
      double best =
          metrics.members().values().stream().mapToDouble(StepMetrics::fvu).min().orElse(0);
      progress.update(
          tokens,
          String.format(Locale.ROOT, "%d members, best FVU %.4f", metrics.members().size(), best));
      notes.step(step, steps, batchSize, tokensPerSecond);
      if (place.curvesAreDue(step, steps)) {
        place.liveCurves().ifPresent(file -> writeCurves(file, steps));
      }
    }

    private void writeCurves(Path file, int steps) {
      try {
        Files.createDirectories(file.toAbsolutePath().getParent());
        TrainingCurves.writeAll(file, histories, steps);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void warned(String member, String warning) {
      progress.note("warning: %s: %s".formatted(member, warning));
    }

    @Override
    public void failed(String member, String reason) {
      progress.note(member + ": " + reason);
    }
  }
}
