package mechinterp.experiments.run;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.training.Checkpoints;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainedSae;

/**
 * A finished training.
 *
 * @param sae the autoencoder, for activations as the model makes them
 * @param history the metrics of every step
 */
public record Training(Sae sae, List<StepMetrics> history) {
  /** Keeps the history. */
  public Training {
    history = List.copyOf(history);
  }

  /**
   * Trains on activations, and shows plan, progress, warnings and curves.
   *
   * @param place where it is written, if it is
   * @throws IOException when a checkpoint cannot be read or written, or the disk has too little
   *     room
   * @throws IllegalArgumentException when a size is out of its range
   * @throws mechinterp.training.TrainingException when activations or the loss are not finite
   */
  public static Training run(
      TrainSettings settings,
      TrainingData data,
      Device device,
      Progress.Display display,
      Optional<TrainingPlace> place)
      throws IOException {
    SaeConfig sae = settings.sae().config(data.sites());
    TrainConfig config = settings.train();
    SaeTrainer trainer = new SaeTrainer(device, config);
    Optional<DiskPlan> disk = place.map(where -> diskPlan(where, trainer, sae));
    if (disk.isPresent()) {
      disk.get().requireFits();
    }
    try (Progress progress =
        display.start("train", (long) config.steps() * config.batchSize(), "tokens")) {
      TrainingWatch watch = new TrainingWatch(config, progress, disk, place, data.memory());
      watch.rehearsed(
          trainer
              .rehearse(sae, data.batches())
              .map(own -> own + data.secondsToRun(config.tokens())));
      Optional<Checkpoints> checkpoints = place.flatMap(TrainingPlace::checkpoints);
      TrainedSae trained =
          checkpoints.isPresent()
              ? trainer.train(sae, data.batches(), watch, checkpoints.get())
              : trainer.train(sae, data.batches(), watch);
      Sae folded = trained.sae().foldScales(data.scales());
      watch.finished();
      data.outliers().ifPresent(progress::note);
      return new Training(folded, trained.history());
    }
  }

  private static DiskPlan diskPlan(TrainingPlace place, SaeTrainer trainer, SaeConfig sae) {
    return new DiskPlan(
        place.out(),
        trainer.weightBytes(sae),
        place.checkpoints().isPresent() ? trainer.stateBytes(sae) : 0,
        place.checkpointsKept());
  }

  /** Returns the metrics of the last step. */
  public StepMetrics last() {
    return history.getLast();
  }
}
