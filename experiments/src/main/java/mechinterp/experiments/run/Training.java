package mechinterp.experiments.run;

import java.util.List;
import java.util.Locale;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
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
 * @param normalization what activations were multiplied with meanwhile
 */
public record Training(Sae sae, List<StepMetrics> history, Normalization normalization) {
  /** Keeps the history. */
  public Training {
    history = List.copyOf(history);
  }

  /**
   * Trains on a store, whose order is drawn from the training's seed.
   *
   * @throws IllegalArgumentException when a size is out of its range
   * @throws mechinterp.training.TrainingException when activations or the loss are not finite
   */
  public static Training run(
      TrainSettings settings, ActivationStore store, Device device, Progress.Display display) {
    SaeConfig sae = settings.sae().config(store.dIn());
    TrainConfig config = settings.train();
    Normalization normalization =
        switch (settings.normalizeActivations()) {
          case NONE -> Normalization.NONE;
          case EXPECTED_AVERAGE_ONLY_IN -> Normalization.expectedAverageOnlyIn(store);
        };
    try (Progress progress =
        display.start("train", (long) config.steps() * config.batchSize(), "tokens")) {
      TrainedSae trained =
          new SaeTrainer(device, config)
              .train(
                  sae,
                  store.withNormalization(normalization).shuffled(device, config.seed()),
                  show(progress));
      Sae folded = trained.sae().foldInputScale(normalization.scale());
      return new Training(folded, trained.history(), normalization);
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
