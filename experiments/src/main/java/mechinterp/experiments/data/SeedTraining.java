package mechinterp.experiments.data;

import java.util.Locale;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * One training with a learning rate and a seed.
 *
 * @param sae for activations that are not multiplied with a scale
 * @param seconds wall time
 */
public record SeedTraining(Sae sae, double seconds) {
  private static final double NANOSECONDS = 1e9;
  private static final int PER_ACTIVE = 8;
  private static final int PER_PARAMETER = 12;

  /**
   * Trains.
   *
   * @param name what progress calls it
   * @throws mechinterp.training.TrainingException when a loss is not finite
   */
  public static SeedTraining of(
      String name,
      SaeConfig config,
      TrainConfig train,
      OpenedData.Training activations,
      Device device,
      Progress.Display display) {
    long began = System.nanoTime();
    try (Progress progress =
        display.start(name, (long) train.steps() * train.batchSize(), "tokens")) {
      Sae sae =
          new SaeTrainer(device, train)
              .train(config, activations.batches(), show(progress, train))
              .sae()
              .foldInputScale(activations.scale());
      return new SeedTraining(sae, (System.nanoTime() - began) / NANOSECONDS);
    }
  }

  /**
   * Returns the operations of a training: tokens (2 d_in d_sae + 8 d_in k) of encoding and of what
   * k active latents cost forward and back, and 12 for each parameter and step of the optimizer.
   * Auxiliary losses, prefixes, fixed points and pursuits are left out.
   */
  public static double flops(SaeConfig sae, int k, TrainConfig train) {
    double weights = (double) sae.dIn() * sae.dSae();
    double parameters = 2 * weights + sae.dSae() + sae.dIn();
    double tokens = (double) train.steps() * train.batchSize();
    return tokens * (2 * weights + (double) PER_ACTIVE * sae.dIn() * k)
        + PER_PARAMETER * parameters * train.steps();
  }

  private static TrainListener show(Progress progress, TrainConfig train) {
    String run =
        train.learningRate().map(rate -> "rate " + rate + "  ").orElse("") + "seed " + train.seed();
    return new TrainListener() {
      @Override
      public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
        progress.update(
            metrics.tokens(),
            String.format(
                Locale.ROOT,
                "%s  FVU %.4f  L0 %.1f  dead %,d",
                run,
                metrics.fvu(),
                metrics.l0(),
                metrics.deadLatents()));
      }
    };
  }
}
