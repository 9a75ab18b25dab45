package mechinterp.training;

import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.optim.CosineSchedule;
import mechinterp.sae.RankedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.SelectorConfig;

/**
 * Distils a selector from an autoencoder that is trained already. The same configuration, data and
 * kernels give the same bits, whatever the number of threads.
 */
public final class SelectorTrainer {
  private final Device device;
  private final SelectorTrainConfig config;

  /** Distils on {@code device} as {@code config} says. */
  public SelectorTrainer(Device device, SelectorTrainConfig config) {
    this.device = device;
    this.config = config;
  }

  /**
   * Distils a selector on the next tokens of {@code batches}, which must be in the space of the
   * autoencoder.
   *
   * @throws IllegalArgumentException when no selector can serve the autoencoder, the rank is larger
   *     than d_in, or the data's rows are not as wide as the kind takes them
   * @throws mechinterp.device.InsufficientMemoryException before the first step, when the buffers
   *     do not fit
   * @throws TrainingException when the loss is not finite
   */
  public SelectedSae train(
      Sae sae, SelectorConfig selector, ActivationBatches batches, SelectorListener listener) {
    RankedSae ranked = SelectedSae.requireRanked(sae);
    selector.requireFits(sae.dIn());
    SaeRun.requireWidth(sae.config(), batches);
    SelectorTraining training =
        Workspace.allocate(
            "distillation (rank %d, batch %d)".formatted(selector.rank(), config.batchSize()),
            device,
            workspace -> new SelectorTraining(workspace, ranked, selector, config.batchSize()));
    SelectorTraining.Scales scales = training.begin(batches, config.seed());
    if (config.steps() > 0) {
      CosineSchedule schedule = new CosineSchedule(config.learningRate(), config.steps(), 0, 0);
      for (int step = 1; step <= config.steps(); step++) {
        listener.step(step, config.steps(), step(training, batches, step, schedule, scales));
      }
    }
    return SelectedSae.of(sae, training.selector());
  }

  private static double step(
      SelectorTraining training,
      ActivationBatches batches,
      int step,
      CosineSchedule schedule,
      SelectorTraining.Scales scales) {
    try {
      return training.step(batches, step, schedule.at(step), scales);
    } catch (ArithmeticException e) {
      throw new TrainingException(step, e);
    }
  }
}
