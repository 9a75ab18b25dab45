package mechinterp.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.sae.SaeConfig;
import mechinterp.tensor.FloatMatrix;

/**
 * Trains sparse autoencoders. The same configuration, data and kernels give the same bits, whatever
 * the number of threads, and also when a run goes on from a checkpoint.
 */
public final class SaeTrainer {
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
    run.begin(List.of());
    while (!run.isFinished()) {
      run.step();
    }
    return run.sae.trained();
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
    TrainingState state =
        new TrainingState(
            new Settings(saeConfig, config),
            batches.identity(),
            device,
            run.sae.parameters(),
            run.sae.matrices(),
            run.sae.numbers());
    run.begin(checkpoints.restore(state, StepMetrics.class));
    while (!run.isFinished()) {
      run.step();
      if (run.isFinished() || checkpoints.isDue(run.sae.history().size())) {
        checkpoints.save(state, run.sae.history());
      }
    }
    return run.sae.trained();
  }

  /** Returns what training such an autoencoder holds on the device. */
  public MemoryPlan plan(SaeConfig saeConfig) {
    return Workspace.plan(purpose(saeConfig), device, buffers(saeConfig));
  }

  private MemoryPlan wholePlan(SaeConfig saeConfig, ActivationBatches batches) {
    MemoryPlan own = plan(saeConfig);
    return SaeRun.downstreamPlan(config, batches)
        .map(model -> own.and("end to end", model))
        .orElse(own);
  }

  /** Returns about how many bytes the weights of such an autoencoder take in a file. */
  public long weightBytes(SaeConfig saeConfig) {
    return Float.BYTES * training(saeConfig).weightNumbers();
  }

  /** Returns about how many bytes a checkpoint takes, without its metrics. */
  public long stateBytes(SaeConfig saeConfig) {
    return Float.BYTES * training(saeConfig).stateNumbers();
  }

  /** Returns what is trained, without memory. */
  private SaeTraining training(SaeConfig saeConfig) {
    List<SaeTraining> counted = new ArrayList<>();
    var _ =
        Workspace.plan(
            purpose(saeConfig),
            device,
            workspace -> counted.add(buffers(saeConfig).apply(workspace).training()));
    return counted.getFirst();
  }

  /**
   * Returns about how many seconds the whole training will take, of which a copy takes some steps
   * for that: as many as fit into 3 seconds, at least 2 and at most a tenth. The data are where
   * they were afterwards.
   *
   * @return empty for fewer than 40 steps, and with {@code end_to_end}
   * @throws mechinterp.device.InsufficientMemoryException when the buffers do not fit
   */
  public Optional<Double> rehearse(SaeConfig saeConfig, ActivationBatches batches) {
    if (!Rehearsal.isWorthwhile(config)) {
      return Optional.empty();
    }
    SaeRun.requireWidth(saeConfig, batches);
    Buffers copy = Workspace.allocate(purpose(saeConfig), device, buffers(saeConfig));
    return new Rehearsal(config, copy.training())
        .secondsPerStep(batches)
        .map(seconds -> seconds * config.steps());
  }

  private String purpose(SaeConfig saeConfig) {
    return "training (d_sae %d, batch %d)".formatted(saeConfig.dSae(), config.batchSize());
  }

  private Function<Workspace, Buffers> buffers(SaeConfig saeConfig) {
    return workspace -> {
      FloatMatrix batch = workspace.floats("batch", config.batchSize(), saeConfig.rowWidth());
      return new Buffers(batch, new SaeTraining(workspace, batch, saeConfig, config));
    };
  }

  private record Buffers(FloatMatrix batch, SaeTraining training) {}

  /** A run from its first or a later step on. */
  private final class Run {
    private final ActivationBatches batches;
    private final TrainListener listener;
    private final FloatMatrix batch;
    private final SaeRun sae;
    private final Speed speed = new Speed();

    Run(SaeConfig saeConfig, ActivationBatches batches, TrainListener listener) {
      SaeRun.requireWidth(saeConfig, batches);
      this.batches = batches;
      this.listener = listener;
      MemoryPlan plan = wholePlan(saeConfig, batches);
      plan.requireFits(device);
      listener.planned(plan);
      Buffers buffers = Workspace.allocate(purpose(saeConfig), device, buffers(saeConfig));
      this.batch = buffers.batch();
      this.sae = new SaeRun(saeConfig, config, buffers.training(), listener::warned);
    }

    void begin(List<StepMetrics> restored) {
      sae.begin(restored, batches);
      listener.resumed(restored);
      batches.seek(batches.position() + (long) restored.size() * config.batchSize());
      speed.begin();
    }

    boolean isFinished() {
      return sae.isFinished();
    }

    void step() {
      batches.next(batch);
      StepMetrics metrics = sae.step(batches);
      listener.step(metrics, config.steps(), speed.after(config.batchSize()));
    }
  }
}
