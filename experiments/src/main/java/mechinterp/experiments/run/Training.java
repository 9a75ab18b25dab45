package mechinterp.experiments.run;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.training.Checkpoints;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;
import mechinterp.training.TrainedSae;

/**
 * A finished training.
 *
 * @param sae the autoencoder, for activations as the model makes them
 * @param history the metrics of every step
 * @param normalizations what the activations of each hook point were multiplied with meanwhile
 */
public record Training(Sae sae, List<StepMetrics> history, List<Normalization> normalizations) {
  /** Keeps the history. */
  public Training {
    history = List.copyOf(history);
    normalizations = List.copyOf(normalizations);
  }

  /**
   * Trains on a store, whose order is drawn from the training's seed.
   *
   * @param checkpoints where the run goes on from, if there is one, and saves its states
   * @throws IOException when a checkpoint cannot be read or written
   * @throws IllegalArgumentException when a size is out of its range
   * @throws mechinterp.training.TrainingException when activations or the loss are not finite
   */
  public static Training run(
      TrainSettings settings,
      ActivationStore store,
      Device device,
      Progress.Display display,
      Optional<Checkpoints> checkpoints)
      throws IOException {
    SaeConfig sae = settings.sae().config(store.sites());
    TrainConfig config = settings.train();
    ActivationStore normalized = store.normalized(settings.normalizeActivations());
    try (Progress progress =
        display.start("train", (long) config.steps() * config.batchSize(), "tokens")) {
      ActivationBatches batches = normalized.shuffled(device, config.seed());
      SaeTrainer trainer = new SaeTrainer(device, config);
      TrainedSae trained =
          checkpoints.isPresent()
              ? trainer.train(sae, batches, show(progress), checkpoints.get())
              : trainer.train(sae, batches, show(progress));
      List<Normalization> scales = normalized.sites().stream().map(Site::normalization).toList();
      Sae folded = trained.sae().foldScales(scales.stream().map(Normalization::scale).toList());
      return new Training(folded, trained.history(), scales);
    }
  }

  private static TrainListener show(Progress progress) {
    return new TrainListener() {
      @Override
      public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
        progress.update(
            metrics.tokens(),
            String.format(Locale.ROOT, "FVU %.4f  dead %,d", metrics.fvu(), metrics.deadLatents()));
      }
    };
  }

  /** Returns the metrics of the last step. */
  public StepMetrics last() {
    return history.getLast();
  }
}
