package mechinterp.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeInit;
import mechinterp.sae.SaeLoss;

/**
 * Trains sparse autoencoders. The same configuration, data and kernels give the same bits, whatever
 * the number of threads, and also when a run goes on from a checkpoint.
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

  /** What a checkpoint must agree with. */
  private record Settings(SaeConfig sae, TrainConfig train) {}

  /**
   * Trains an autoencoder on the next tokens of {@code batches}.
   *
   * @throws IllegalArgumentException when the data's rows are not as wide as the kind takes them
   * @throws mechinterp.device.InsufficientMemoryException before the first step, when the buffers
   *     do not fit
   * @throws TrainingException when activations or the loss are not finite
   */
  public TrainedSae train(SaeConfig saeConfig, ActivationBatches batches, TrainListener listener) {
    Run run = new Run(saeConfig, batches, listener);
    run.initialize();
    while (!run.isFinished()) {
      run.step();
    }
    return run.trained();
  }

  /**
   * Trains an autoencoder as {@link #train(SaeConfig, ActivationBatches, TrainListener)} does, from
   * the newest checkpoint if there is one, and saves checkpoints.
   *
   * @throws IOException when a checkpoint cannot be read or written
   * @throws IllegalArgumentException also when the checkpoint belongs to other settings or data
   */
  public TrainedSae train(
      SaeConfig saeConfig,
      ActivationBatches batches,
      TrainListener listener,
      Checkpoints checkpoints)
      throws IOException {
    Run run = new Run(saeConfig, batches, listener);
    TrainingState state = run.state();
    run.goOn(checkpoints.restore(state, StepMetrics.class));
    while (!run.isFinished()) {
      run.step();
      if (run.isFinished() || checkpoints.isDue(run.history.size())) {
        checkpoints.save(state, run.history);
      }
    }
    return run.trained();
  }

  /** Returns what training such an autoencoder holds on the device. */
  public MemoryPlan plan(SaeConfig saeConfig) {
    return Workspace.plan(purpose(saeConfig), device, buffers(saeConfig));
  }

  private String purpose(SaeConfig saeConfig) {
    return "training (d_sae %d, batch %d)".formatted(saeConfig.dSae(), config.batchSize());
  }

  private Function<Workspace, SaeTraining> buffers(SaeConfig saeConfig) {
    return workspace -> new SaeTraining(workspace, saeConfig, config);
  }

  /** A run from its first or a later step on. */
  private final class Run {
    private final List<StepMetrics> history = new ArrayList<>();
    private final SaeConfig saeConfig;
    private final ActivationBatches batches;
    private final TrainListener listener;
    private final SaeTraining training;
    private final LearningRateSchedule schedule;
    private long began = System.nanoTime();
    private int stepsBefore;

    Run(SaeConfig saeConfig, ActivationBatches batches, TrainListener listener) {
      requireWidth(saeConfig, batches);
      this.saeConfig = saeConfig;
      this.batches = batches;
      this.listener = listener;
      this.schedule = config.schedule(saeConfig.dSae());
      MemoryPlan plan = plan(saeConfig);
      listener.planned(plan);
      plan.requireFits(device);
      training = Workspace.allocate(purpose(saeConfig), device, buffers(saeConfig));
    }

    TrainingState state() {
      return new TrainingState(
          new Settings(saeConfig, config),
          batches.identity(),
          device,
          training.parameters(),
          training.averages(),
          training.objective().numbers());
    }

    void initialize() {
      SaeInit.initialize(training.objective().sae(), config.seed(), decoderBias(batches));
      began = System.nanoTime();
    }

    /** Goes on behind the steps that were restored, or begins where there are none. */
    void goOn(List<StepMetrics> restored) {
      if (restored.isEmpty()) {
        initialize();
        return;
      }
      history.addAll(restored);
      stepsBefore = restored.size();
      batches.seek(batches.position() + (long) stepsBefore * config.batchSize());
      training.objective().sae().weightsChanged();
      began = System.nanoTime();
    }

    boolean isFinished() {
      return history.size() == config.steps();
    }

    void step() {
      int step = history.size() + 1;
      double learningRate = schedule.at(step);
      batches.next(training.batch());
      SaeLoss loss = loss(step, learningRate);
      StepMetrics metrics = metrics(step, loss, learningRate);
      history.add(metrics);
      double seconds = (System.nanoTime() - began) / NANOSECONDS;
      double tokens = (double) (step - stepsBefore) * config.batchSize();
      listener.step(metrics, config.steps(), tokens / seconds);
    }

    private SaeLoss loss(int step, double learningRate) {
      try {
        return training.step(config.adam().at(step, learningRate));
      } catch (ArithmeticException e) {
        throw new TrainingException(step, e);
      }
    }

    TrainedSae trained() {
      training.useAverages();
      return new TrainedSae(training.objective().sae(), history);
    }
  }

  private float[] decoderBias(ActivationBatches batches) {
    int sample = (int) Math.min(config.bDecSample(), config.tokens());
    long position = batches.position();
    float[] bias =
        SaeInit.decoderBias(device, config.bDecInit(), sample, batches.dIn(), batches::next);
    batches.seek(position);
    return bias;
  }

  private StepMetrics metrics(int step, SaeLoss loss, double learningRate) {
    return new StepMetrics(
        step,
        (long) step * config.batchSize(),
        loss.total(),
        loss.parts(),
        loss.fvu(),
        loss.l0(),
        loss.deadLatents(),
        learningRate);
  }

  private static void requireWidth(SaeConfig config, ActivationBatches batches) {
    if (config.rowWidth() != batches.dIn()) {
      throw new IllegalArgumentException(
          "%s: is %d, the activations are %d wide; they must be equal"
              .formatted(config.rowWidthName(), config.rowWidth(), batches.dIn()));
    }
  }
}
