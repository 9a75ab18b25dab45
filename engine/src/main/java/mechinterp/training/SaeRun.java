package mechinterp.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.MemoryPlan;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.optim.ParameterState;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeInit;
import mechinterp.sae.objective.DownstreamLoss;
import mechinterp.sae.objective.SaeLoss;
import mechinterp.tensor.FloatMatrix;

/** The training of one autoencoder from its first or a later step on, on batches of any source. */
final class SaeRun {
  private final TrainConfig config;
  private final SaeTraining training;
  private final LearningRateSchedule schedule;
  private final List<StepMetrics> history = new ArrayList<>();
  private final TrainingHealth health;
  private final Consumer<String> warnings;

  /**
   * A run.
   *
   * @param warnings hears in one line of what goes wrong
   */
  SaeRun(SaeConfig saeConfig, TrainConfig config, SaeTraining training, Consumer<String> warnings) {
    this.config = config;
    this.training = training;
    this.schedule = config.schedule(saeConfig.dSae());
    this.health = new TrainingHealth(saeConfig, config.steps());
    this.warnings = warnings;
  }

  /**
   * Checks that activations are as wide as an autoencoder takes them.
   *
   * @throws IllegalArgumentException with the JSON field's name when they are not
   */
  static void requireWidth(SaeConfig config, ActivationBatches batches) {
    if (config.rowWidth() != batches.dIn()) {
      throw new IllegalArgumentException(
          "%s: is %d, the activations are %d wide; they must be equal"
              .formatted(config.rowWidthName(), config.rowWidth(), batches.dIn()));
    }
  }

  /** Goes on behind the steps that were restored, or sets the weights where there are none. */
  void begin(List<StepMetrics> restored, ActivationBatches batches) {
    config.endToEnd().ifPresent(_ -> training.objective().continueWith(downstream(batches)));
    history.addAll(restored);
    restored.forEach(health::remember);
    if (restored.isEmpty()) {
      training.initialize(config.seed(), decoderBias(batches), batches);
    } else {
      sae().weightsChanged();
    }
  }

  /**
   * Returns what goes on with reconstructions of these activations.
   *
   * @throws IllegalArgumentException when nothing does
   */
  private static DownstreamLoss downstream(ActivationBatches batches) {
    if (batches instanceof DownstreamLoss loss) {
      return loss;
    }
    throw new IllegalArgumentException(
        "end_to_end: is there, but the activations are stored or mixed; it needs the sequences of a"
            + " model that runs beside");
  }

  /** Returns what a language model that goes on with reconstructions holds, where one does. */
  static Optional<MemoryPlan> downstreamPlan(TrainConfig config, ActivationBatches batches) {
    return config
        .endToEnd()
        .map(asked -> downstream(batches).memoryPlan(config.batchSize(), asked.loss()));
  }

  private float[] decoderBias(ActivationBatches batches) {
    int sample = (int) Math.min(config.bDecSample(), config.tokens());
    long position = batches.position();
    float[] bias =
        SaeInit.decoderBias(
            sae().device(), config.bDecInit(), sample, batches.dIn(), batches::next);
    batches.seek(position);
    return bias;
  }

  int steps() {
    return config.steps();
  }

  boolean isFinished() {
    return history.size() == config.steps();
  }

  /**
   * Takes a step with the activations that are in the batch now.
   *
   * @param batches where they come from
   */
  StepMetrics step(ActivationBatches batches) {
    int step = history.size() + 1;
    double learningRate = schedule.at(step);
    SaeLoss loss = loss(step, learningRate);
    training.after(step, batches);
    StepMetrics metrics =
        new StepMetrics(
            step,
            (long) step * config.batchSize(),
            loss.total(),
            loss.parts(),
            loss.fvu(),
            loss.l0(),
            loss.deadLatents(),
            learningRate);
    history.add(metrics);
    health.check(metrics, training.norms()).forEach(warnings);
    return metrics;
  }

  private SaeLoss loss(int step, double learningRate) {
    try {
      return training.step(config.adam().at(step, learningRate));
    } catch (ArithmeticException e) {
      throw new TrainingException(step, e);
    }
  }

  private Sae sae() {
    return training.objective().sae();
  }

  /** Returns the metrics of the steps so far. */
  List<StepMetrics> history() {
    return history;
  }

  List<ParameterState> parameters() {
    return training.parameters();
  }

  Map<String, FloatMatrix> matrices() {
    return training.averages();
  }

  Map<String, long[]> numbers() {
    return training.objective().numbers();
  }

  /** Returns the autoencoder, with its averaged weights where averages are kept. */
  TrainedSae trained() {
    training.useAverages();
    training.objective().finish();
    return new TrainedSae(sae(), history);
  }
}
