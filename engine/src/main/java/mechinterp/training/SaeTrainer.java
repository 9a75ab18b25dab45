package mechinterp.training;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeLoss;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKInit;

/**
 * Trains sparse autoencoders. The same configuration, data and kernels give the same bits, whatever
 * the number of threads.
 */
public final class SaeTrainer {
  private static final double NANOSECONDS = 1e9;

  private final Device device;
  private final TrainConfig config;

  /** Trains on {@code device} as {@code config} says. */
  public SaeTrainer(Device device, TrainConfig config) {
    this.device = device;
    this.config = config;
  }

  /**
   * Trains an autoencoder on the next tokens of {@code batches}.
   *
   * @throws IllegalArgumentException when d_in is not the width of the data's activations
   * @throws mechinterp.device.InsufficientMemoryException before the first step, when the buffers
   *     do not fit
   * @throws TrainingException when activations or the loss are not finite
   */
  public TrainedSae train(SaeConfig saeConfig, ActivationBatches batches, TrainListener listener) {
    requireWidth(saeConfig, batches);
    return switch (saeConfig) {
      case TopKConfig topK -> train(topK, batches, listener);
    };
  }

  /** Returns what training such an autoencoder holds on the device. */
  public MemoryPlan plan(SaeConfig saeConfig) {
    return switch (saeConfig) {
      case TopKConfig topK -> Workspace.plan(purpose(topK), device, buffers(topK));
    };
  }

  private String purpose(SaeConfig saeConfig) {
    return "training (d_sae %d, batch %d)".formatted(saeConfig.dSae(), config.batchSize());
  }

  private Function<Workspace, TopKTraining> buffers(TopKConfig saeConfig) {
    return workspace -> new TopKTraining(workspace, saeConfig, config);
  }

  private TrainedSae train(
      TopKConfig saeConfig, ActivationBatches batches, TrainListener listener) {
    MemoryPlan plan = plan(saeConfig);
    listener.planned(plan);
    plan.requireFits(device);
    float[] decoderBias = decoderBias(batches);
    TopKTraining training = Workspace.allocate(purpose(saeConfig), device, buffers(saeConfig));
    TopKInit.initialize(training.sae(), config.seed(), decoderBias);

    LearningRateSchedule schedule = config.schedule(saeConfig.dSae());
    List<StepMetrics> history = new ArrayList<>();
    long began = System.nanoTime();
    for (int step = 1; step <= config.steps(); step++) {
      double learningRate = schedule.at(step);
      batches.next(training.batch());
      SaeLoss loss = step(training, config.adam().at(step, learningRate));
      StepMetrics metrics = metrics(step, loss, learningRate);
      history.add(metrics);
      double seconds = (System.nanoTime() - began) / NANOSECONDS;
      listener.step(metrics, config.steps(), metrics.tokens() / seconds);
    }
    return new TrainedSae(training.sae(), history);
  }

  private static SaeLoss step(TopKTraining training, AdamStep step) {
    try {
      return training.step(step);
    } catch (ArithmeticException e) {
      throw new TrainingException(step.step(), e);
    }
  }

  private float[] decoderBias(ActivationBatches batches) {
    int sample = (int) Math.min(config.bDecSample(), config.tokens());
    long position = batches.position();
    float[] bias =
        TopKInit.decoderBias(device, config.bDecInit(), sample, batches.dIn(), batches::next);
    batches.seek(position);
    return bias;
  }

  private StepMetrics metrics(int step, SaeLoss loss, double learningRate) {
    return new StepMetrics(
        step,
        (long) step * config.batchSize(),
        loss.total(),
        loss.reconstruction(),
        loss.auxiliary(),
        loss.fvu(),
        loss.l0(),
        loss.deadLatents(),
        learningRate);
  }

  private static void requireWidth(SaeConfig config, ActivationBatches batches) {
    if (config.dIn() != batches.dIn()) {
      throw new IllegalArgumentException(
          "d_in: is %d, the activations are %d wide; they must be equal"
              .formatted(config.dIn(), batches.dIn()));
    }
  }
}
