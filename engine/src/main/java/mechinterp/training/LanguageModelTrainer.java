package mechinterp.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.optim.CosineSchedule;

/**
 * Trains a causal language model to predict each next token: AdamW with a cosine schedule and
 * clipped gradients over shuffled windows of a text. The same configuration, text and kernels give
 * the same bits, whatever the number of threads, and also when a run goes on from a checkpoint.
 */
public final class LanguageModelTrainer {
  /** Tokens of which logits are there at once. */
  private static final int LOGIT_ROWS = 512;

  private final Transformer model;
  private final LanguageModelTrainConfig config;
  private final TokenStream text;
  private final TokenStream validation;

  /**
   * Trains {@code model}, whose weights change.
   *
   * @param model loaded as trainable
   * @param config how
   * @param text what it learns
   * @param validation what it is measured on meanwhile
   * @throws IllegalArgumentException when the windows are longer than the model's context, or the
   *     text has no full window
   */
  public LanguageModelTrainer(
      Transformer model,
      LanguageModelTrainConfig config,
      TokenStream text,
      TokenStream validation) {
    requireContext(model, text);
    requireContext(model, validation);
    this.model = model;
    this.config = config;
    this.text = text;
    this.validation = validation;
  }

  private static void requireContext(Transformer model, TokenStream text) {
    if (text.context() > model.config().nCtx()) {
      throw new IllegalArgumentException(
          "training: windows have %d tokens, %s takes at most %d"
              .formatted(text.context(), model.config().name(), model.config().nCtx()));
    }
    if (text.fullWindows() < 1) {
      throw new IllegalArgumentException(
          "training: the text has %d tokens, a window %d; there must be a full window"
              .formatted(text.tokens(), text.context()));
    }
  }

  /** Returns what training holds on the device besides the model's weights and gradients. */
  public MemoryPlan plan() {
    Device device = model.device();
    return MemoryPlan.empty(purpose())
        .with("moments and batch", Workspace.plan(purpose(), device, this::buffers).total())
        .with("activations", model.gradientMemoryPlan(microBatchTokens()).total())
        .with("logits", CrossEntropy.plan(device, model.unembed(), LOGIT_ROWS).total());
  }

  private String purpose() {
    return "training %s (batch %d windows of %d, %d at once)"
        .formatted(
            model.config().name(),
            config.batchWindows(),
            text.context(),
            config.microBatchWindows());
  }

  private int microBatchTokens() {
    return config.microBatchWindows() * text.context();
  }

  private LanguageModelStep buffers(Workspace workspace) {
    return new LanguageModelStep(workspace, model, microBatchTokens());
  }

  /**
   * Trains to the end without checkpoints.
   *
   * @return the metrics of every step
   * @throws mechinterp.device.InsufficientMemoryException before the first step, when {@link #plan}
   *     does not fit
   * @throws TrainingException when the loss or the gradients are not finite
   */
  public List<LanguageModelMetrics> train(LanguageModelListener listener) {
    Run run = new Run(listener);
    while (!run.isFinished()) {
      run.step();
    }
    return run.history;
  }

  /**
   * Trains to the end, from the newest checkpoint if there is one, and saves checkpoints.
   *
   * @return the metrics of every step, of those before the checkpoint too
   * @throws IOException when a checkpoint cannot be read or written
   * @throws IllegalArgumentException when the checkpoint belongs to another run
   * @throws TrainingException when the loss or the gradients are not finite
   */
  public List<LanguageModelMetrics> train(LanguageModelListener listener, Checkpoints checkpoints)
      throws IOException {
    Run run = new Run(listener);
    TrainingState state =
        new TrainingState(
            config, text.identity(), model.device(), run.buffers.parameters(), Map.of(), Map.of());
    run.history.addAll(checkpoints.restore(state, LanguageModelMetrics.class));
    model.refresh();
    while (!run.isFinished()) {
      run.step();
      if (run.isFinished() || checkpoints.isDue(run.history.size())) {
        checkpoints.save(state, run.history);
      }
    }
    return run.history;
  }

  /** A run from its first or a later step on. */
  private final class Run {
    private final List<LanguageModelMetrics> history = new ArrayList<>();
    private final CosineSchedule schedule = config.schedule(text.context());
    private final LanguageModelListener listener;
    private final LanguageModelStep buffers;
    private final CrossEntropy crossEntropy;

    Run(LanguageModelListener listener) {
      this.listener = listener;
      MemoryPlan plan = plan();
      listener.planned(plan);
      plan.requireFits(model.device());
      buffers = Workspace.allocate(purpose(), model.device(), LanguageModelTrainer.this::buffers);
      crossEntropy = new CrossEntropy(model.device(), model.unembed(), LOGIT_ROWS);
    }

    boolean isFinished() {
      return history.size() == schedule.steps();
    }

    void step() {
      int step = history.size() + 1;
      double learningRate = schedule.at(step);
      double loss = buffers.addGradients(crossEntropy, text, microBatches(step));
      double norm = buffers.gradientNorm();
      requireFinite(step, "loss", loss);
      requireFinite(step, "norm of the gradients", norm);
      buffers.update(
          norm, config.clipNorm(), config.adam().at(step, learningRate), config.weightDecay());
      long tokens = (long) step * config.batchWindows() * text.context();
      LanguageModelMetrics metrics =
          new LanguageModelMetrics(step, tokens, loss, norm, learningRate, validationLoss(step));
      history.add(metrics);
      listener.step(metrics, schedule.steps());
    }

    private List<int[]> microBatches(int step) {
      long position = (step - 1L) * config.batchWindows();
      int[] windows = text.shuffled(config.seed(), position, config.batchWindows());
      List<int[]> parts = new ArrayList<>();
      for (int from = 0; from < windows.length; from += config.microBatchWindows()) {
        parts.add(Arrays.copyOfRange(windows, from, from + config.microBatchWindows()));
      }
      return parts;
    }

    private Optional<Double> validationLoss(int step) {
      boolean due = step % config.validationSteps() == 0 || step == schedule.steps();
      return due ? Optional.of(LanguageModelLoss.of(model, validation).mean()) : Optional.empty();
    }
  }

  private static void requireFinite(int step, String what, double value) {
    if (!Double.isFinite(value)) {
      throw new TrainingException(
          step,
          new ArithmeticException(
              "the %s is %s; it must be finite, a lower learning rate may help"
                  .formatted(what, value)));
    }
  }
}
