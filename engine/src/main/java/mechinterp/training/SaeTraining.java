package mechinterp.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.RowConstraint;
import mechinterp.optim.Adam;
import mechinterp.optim.GradientNorm;
import mechinterp.optim.ParameterState;
import mechinterp.optim.WeightAverage;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeInit;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.sae.objective.SaeGradient;
import mechinterp.sae.objective.SaeLoss;
import mechinterp.sae.objective.SaeObjective;
import mechinterp.tensor.FloatMatrix;

/** All that lives on the device while an autoencoder is trained, and one step with it. */
final class SaeTraining {
  private final FloatMatrix batch;
  private final SaeObjective objective;
  private final List<Trained> parameters = new ArrayList<>();

  private final Optional<GradientNorm> norm;
  private final double maxGradientNorm;

  /** A parameter, its optimizer, what is kept true of its rows and its average over the steps. */
  private record Trained(
      SaeParameter parameter,
      Adam adam,
      RowConstraint constraint,
      Optional<WeightAverage> average) {
    String name() {
      return parameter.name();
    }

    double squaredNorm(SaeGradient gradient, GradientNorm norm) {
      return switch (gradient) {
        case SaeGradient.Dense dense -> norm.squared(dense.values());
        case SaeGradient.Sparse sparse ->
            norm.squared(parameter.value(), sparse.terms(), constraint);
      };
    }

    void step(SaeGradient gradient, AdamStep step) {
      switch (gradient) {
        case SaeGradient.Dense dense -> adam.step(dense.values(), step);
        case SaeGradient.Sparse sparse -> adam.step(sparse.terms(), step, constraint);
      }
    }
  }

  private final Optional<Resampling> resampling;
  private final FloatMatrix rowSquares;
  private final float[] squares;

  /**
   * Declares everything but the batch; the weights are 0.
   *
   * @param batch the matrix that each step's activations go into
   */
  SaeTraining(Workspace workspace, FloatMatrix batch, SaeConfig saeConfig, TrainConfig config) {
    this.batch = batch;
    requireK(saeConfig, config);
    objective =
        SaeObjective.of(workspace, Sae.declare(workspace, saeConfig), config.objectiveSettings());
    for (SaeParameter parameter : objective.sae().parameters()) {
      RowConstraint constraint =
          parameter.isDecoder() ? config.decoderNorm().constraint() : RowConstraint.NONE;
      Adam adam = new Adam(workspace, parameter.name(), parameter.value());
      Optional<WeightAverage> average =
          config
              .emaDecay()
              .map(decay ->
                  new WeightAverage(workspace, parameter.name(), parameter.value(), decay));
      parameters.add(new Trained(parameter, adam, constraint, average));
    }
    int rows =
        objective.sae().parameters().stream().mapToInt(p -> p.value().rows()).max().orElse(0);
    norm = config.maxGradientNorm().map(_ -> new GradientNorm(workspace, rows));
    maxGradientNorm = config.maxGradientNorm().orElse(Double.POSITIVE_INFINITY);
    int most = Math.max(rows, saeConfig.dSae());
    rowSquares = workspace.floats("squares of weight rows", most, 1);
    squares = workspace.onHost(float[]::new, most);
    resampling =
        config
            .resample()
            .map(resample ->
                new Resampling(
                    workspace,
                    objective.sae(),
                    config,
                    resample,
                    objective.numbers(),
                    parameters()));
  }

  /** Refuses a schedule of k, which kinds without a k do not follow. */
  private static void requireK(SaeConfig saeConfig, TrainConfig config) {
    boolean hasK =
        switch (saeConfig) {
          case TopKConfig _,
              BatchTopKConfig _,
              MatryoshkaConfig _,
              TranscoderConfig _,
              CrosscoderConfig _,
              CrossLayerTranscoderConfig _ ->
              true;
          default -> false;
        };
    if (config.kSchedule().isPresent() && !hasK) {
      throw new IllegalArgumentException(
          "k_schedule: has no effect on %s, whose k does not change; leave it out"
              .formatted(saeConfig.architecture()));
    }
  }

  SaeObjective objective() {
    return objective;
  }

  List<ParameterState> parameters() {
    return parameters.stream().map(parameter -> parameter.adam().state()).toList();
  }

  /**
   * Returns the averages of the weights by the names of the parameters; none where none are kept.
   */
  Map<String, FloatMatrix> averages() {
    return parameters.stream()
        .filter(parameter -> parameter.average().isPresent())
        .collect(
            Collectors.toMap(
                parameter -> "average/" + parameter.name(),
                parameter -> parameter.average().orElseThrow().average()));
  }

  /** Sets the weights of the first step, once the centre of the activations is known. */
  void initialize(long seed, float[] centre, ActivationBatches batches) {
    SaeInit.initialize(objective.sae(), seed, centre);
    if (objective.sae().config().sparsityPenalty().isPresent()) {
      long position = batches.position();
      batches.next(batch);
      batches.seek(position);
      objective.calibrate(batch);
    }
  }

  /** Reads the next batch and takes a step with it. */
  void stepOn(ActivationBatches batches, AdamStep step) {
    batches.next(batch);
    var _ = step(step);
  }

  /** Takes the loss of the batch and moves the weights along its gradient. */
  SaeLoss step(AdamStep step) {
    objective.beginStep(step.step());
    SaeLoss loss = objective.backward(batch);
    Map<String, SaeGradient> gradients = objective.gradients();
    AdamStep clipped = norm.map(each -> clipped(step, gradients, each)).orElse(step);
    for (Trained parameter : parameters) {
      parameter.step(Objects.requireNonNull(gradients.get(parameter.name())), clipped);
      parameter.average().ifPresent(average -> average.add(step.step()));
    }
    objective.sae().weightsChanged();
    return loss;
  }

  private AdamStep clipped(
      AdamStep step, Map<String, SaeGradient> gradients, GradientNorm squares) {
    double sum = 0;
    for (Trained parameter : parameters) {
      SaeGradient gradient = Objects.requireNonNull(gradients.get(parameter.name()));
      sum += parameter.squaredNorm(gradient, squares);
    }
    double length = Math.sqrt(sum);
    if (!Double.isFinite(length)) {
      throw new ArithmeticException(
          "the norm of the gradients is %s; a lower learning_rate may help".formatted(length));
    }
    return length > maxGradientNorm
        ? step.withGradientScale((float) (maxGradientNorm / length))
        : step;
  }

  /** Returns how many numbers the weights have. */
  long weightNumbers() {
    return parameters().stream().mapToLong(parameter -> parameter.value().size()).sum();
  }

  /** Returns how many numbers a checkpoint has besides those of the objective. */
  long stateNumbers() {
    long averaged = averages().values().stream().mapToLong(FloatMatrix::size).sum();
    return 3 * weightNumbers() + averaged;
  }

  /** Returns the mean norms of the rows, when asked. */
  TrainingHealth.Norms norms() {
    return this::meanNorm;
  }

  private double meanNorm(boolean decoder) {
    FloatMatrix rows =
        decoder ? objective.sae().weights().wDec() : objective.sae().weights().wEnc();
    Device device = objective.sae().device();
    FloatMatrix each = rowSquares.rowRange(0, rows.rows());
    device.kernels().rowDots(each, rows, rows);
    device.download(squares, 0, each);
    double sum = 0;
    for (int i = 0; i < rows.rows(); i++) {
      sum += Math.sqrt(squares[i]);
    }
    return sum / rows.rows();
  }

  /** Does after a step what is not done at each. */
  void after(int step, ActivationBatches batches) {
    resampling.ifPresent(each -> each.after(step, batches));
  }

  /** Takes the averages over the steps as the weights, where they are kept. */
  void useAverages() {
    for (Trained parameter : parameters) {
      parameter.average().ifPresent(WeightAverage::use);
      if (parameter.constraint() == RowConstraint.UNIT_NORM && parameter.average().isPresent()) {
        FloatMatrix rows = parameter.parameter().value();
        objective.sae().device().kernels().normalizeRows(rows, rows);
      }
    }
    objective.sae().weightsChanged();
  }
}
