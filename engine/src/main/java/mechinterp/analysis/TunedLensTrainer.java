package mechinterp.analysis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.Parameter;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.AdamW;
import mechinterp.optim.GradientClipping;
import mechinterp.optim.LearningRateDecay;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.random.RandomStream;

/**
 * Trains the translators of a {@link TunedLens}, all in the same steps: each by
 *
 * <pre>  loss = mean over tokens of KL(the model's next-token distribution | the lens')</pre>
 *
 * with AdamW. The same configuration and text give the same bits for any number of threads. Source:
 * Belrose et al. 2023 (arXiv:2303.08112).
 */
public final class TunedLensTrainer {
  private static final double EPSILON = 1e-8;

  private final Transformer model;
  private final TunedLensConfig config;
  private final List<int[]> text;

  /** Hears of steps. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A step is done.
     *
     * @param step its number, from 1
     * @param divergence mean over tokens and translators, in nats
     */
    void step(int step, double divergence);
  }

  /**
   * Trains a lens of a model, which does not change.
   *
   * @param model a language model that is not trainable
   * @param text sequences of tokens, each as the model reads it
   * @throws IllegalArgumentException when the model is an encoder or trainable, or there is no text
   */
  public TunedLensTrainer(Transformer model, TunedLensConfig config, List<int[]> text) {
    var _ = model.unembed();
    if (model.isTrainable()) {
      throw new IllegalArgumentException(
          "tuned lens: %s is loaded for training; it must be frozen"
              .formatted(model.config().name()));
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException(
          "tuned lens: there is no text; there must be one sequence at least");
    }
    this.model = model;
    this.config = config;
    this.text = List.copyOf(text);
  }

  private int mostTokens() {
    int longest = text.stream().mapToInt(ids -> ids.length).max().orElseThrow();
    return Math.max(longest, config.batchTokens());
  }

  /** Returns what training holds besides the model. */
  public MemoryPlan plan() {
    long width = model.config().dModel();
    long layers = model.config().nLayers();
    int tokens = mostTokens();
    MemoryPlan plan =
        MemoryPlan.empty("tuned lens")
            .and("run", model.memoryPlan(tokens))
            .withMatrix("residual stream", tokens, (layers + 1) * width)
            .withMatrix("translators, gradients, moments", layers * (width + 1), 5 * width);
    return LensLoss.plan(plan, model);
  }

  /**
   * Trains from the logit lens on.
   *
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public TunedLens train(Listener listener) {
    plan().requireFits(model.device());
    Run run = new Run();
    for (int step = 1; step <= config.steps(); step++) {
      listener.step(step, run.step(step));
    }
    return run.lens;
  }

  /** The state of a training. */
  private final class Run {
    private final TunedLens lens = TunedLens.identity(model);
    private final LensLoss loss = new LensLoss(model);
    private final List<AdamW> optimizers;
    private final GradientClipping clipping;
    private final LearningRateSchedule schedule;
    private int next;
    private int round = -1;
    private int[] order = {};

    Run() {
      optimizers =
          Workspace.allocate(
              "tuned lens",
              model.device(),
              w -> lens.parameters().stream().map(each -> new AdamW(w, each)).toList());
      clipping =
          Workspace.allocate(
              "tuned lens",
              model.device(),
              workspace -> new GradientClipping(workspace, lens.parameters()));
      int warmUp = (int) (config.warmUpFraction() * config.steps());
      schedule =
          new LearningRateSchedule(
              config.learningRate(),
              config.steps(),
              warmUp,
              config.steps() - warmUp,
              LearningRateDecay.LINEAR);
    }

    double step(int step) {
      TokenBatch batch = TokenBatch.ofIds(sequences());
      Activations run = model.run(batch, lens.hooks(), Map.of());
      double sum = 0;
      for (double each : loss.addGradients(lens, run).values()) {
        sum += each;
      }
      clipping.clip(clipping.norm(), config.clipNorm());
      AdamStep rate = adam().at(step, schedule.at(step));
      optimizers.forEach(optimizer -> optimizer.step(rate, config.weightDecay()));
      for (Parameter parameter : lens.parameters()) {
        model.device().kernels().fill(parameter.gradient(), 0);
      }
      lens.refresh();
      return sum / ((double) batch.tokens() * lens.hooks().size());
    }

    private AdamConfig adam() {
      AdamConfig defaults = AdamConfig.defaults();
      return new AdamConfig(defaults.beta1(), defaults.beta2(), EPSILON);
    }

    private List<int[]> sequences() {
      List<int[]> taken = new ArrayList<>();
      int tokens = 0;
      while (taken.isEmpty() || tokens + peek().length <= config.batchTokens()) {
        tokens += peek().length;
        taken.add(peek());
        next++;
      }
      return taken;
    }

    /** Every round goes through all sequences in another order. */
    private int[] peek() {
      if (round != next / text.size()) {
        round = next / text.size();
        order = RandomStream.of(config.seed(), "tuned lens/" + round).permutation(text.size());
      }
      return text.get(order[next % text.size()]);
    }
  }

  /**
   * Returns at each translated hook point how far a lens' predictions are from the model's own: the
   * mean over tokens of the KL divergence, in nats.
   *
   * @param lens {@link TunedLens#identity} for the logit lens
   * @param text sequences of tokens
   */
  public static SequencedMap<HookPoint, Double> divergences(TunedLens lens, List<int[]> text) {
    Transformer model = lens.model();
    LensLoss loss = new LensLoss(model);
    SequencedMap<HookPoint, Double> sums = new LinkedHashMap<>();
    long tokens = 0;
    for (int[] ids : text) {
      Activations run = model.run(TokenBatch.ofIds(List.of(ids)), lens.hooks(), Map.of());
      loss.sums(lens, run).forEach((hook, sum) -> sums.merge(hook, sum, Double::sum));
      tokens += ids.length;
    }
    long all = tokens;
    sums.replaceAll((_, sum) -> sum / all);
    return sums;
  }
}
