package mechinterp.circuits;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import mechinterp.circuits.CircuitNode.Part;
import mechinterp.device.MemoryPlan;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * The effects of {@link ActivationPatching}, estimated for all nodes at once from gradients: see
 * {@link Attribution}.
 */
public final class AttributionPatching {
  private final TaskRuns runs;
  private final MetricGradients gradients;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of backward runs so far
   * @throws IllegalArgumentException when the model cannot read the task
   */
  public AttributionPatching(
      Transformer model, CircuitTask task, CircuitSettings settings, LongConsumer progress) {
    this.runs = new TaskRuns(model, task, settings);
    this.gradients = new MetricGradients(runs, progress);
  }

  /** Returns the metric without patches. */
  public Baseline baseline() {
    return runs.baseline();
  }

  /** Returns the memory that it takes besides the model's weights. */
  public MemoryPlan plan(List<PatchSite> sites) {
    Set<HookPoint> hooks = hooks(sites);
    MemoryPlan plan =
        MemoryPlan.empty("attribution patching")
            .and("run", runs.model().gradientMemoryPlan(runs.tokensAtOnce()));
    plan = runs.withCaptures(plan, "clean values", hooks);
    plan = runs.withCaptures(plan, "corrupted values", hooks);
    plan = runs.withCaptures(plan, "gradients", hooks);
    plan = runs.withCaptures(plan, "gradients of a step", hooks);
    return RelevanceStep.plan(plan, runs);
  }

  /**
   * Returns the estimated effects of nodes.
   *
   * @throws IllegalArgumentException when the estimate is zero by definition: the gradient of the
   *     divergence from the clean run at the clean run
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<PatchSite> effects(List<PatchSite> sites, Attribution attribution) {
    requireGradient(runs.settings(), attribution);
    plan(sites).requireFits(runs.device());
    double[][] effects = new double[sites.size()][runs.task().examples().size()];
    for (List<Integer> members : runs.chunks()) {
      Chunk chunk = new Chunk(members, sites);
      switch (attribution) {
        case Attribution.Gradient() -> chunk.put(effects, chunk.ofStep(Step.none()));
        case Attribution.Relevance(boolean patternHeld) ->
            chunk.put(effects, chunk.ofStep(new RelevanceStep(runs.model(), patternHeld)));
        case Attribution.ExactSoftmax() -> chunk.putExactSoftmax(effects);
        case Attribution.DroppedGradients() -> chunk.putDropped(effects);
        case Attribution.IntegratedGradients integrated ->
            chunk.put(effects, chunk.ofWay(integrated));
      }
    }
    return new Effects<>(sites, effects, runs.baseline());
  }

  /** A divergence is smallest, and so flat, where the two runs are the same. */
  static void requireGradient(CircuitSettings settings, Attribution attribution) {
    boolean isFlat =
        settings.metric() == TaskMetric.KL_DIVERGENCE
            && settings.direction() == PatchDirection.NOISING
            && !(attribution instanceof Attribution.IntegratedGradients);
    if (isFlat) {
      throw new IllegalArgumentException(
          "metric: the gradient of the KL divergence is zero at the clean run; use integrated"
              + " gradients or the other direction");
    }
  }

  private static Set<HookPoint> hooks(List<PatchSite> sites) {
    return sites.stream()
        .map(site -> site.node().hook())
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Some examples. */
  private final class Chunk {
    private final List<PatchSite> sites;
    private final Set<HookPoint> hooks;
    private final ExampleBatch base;
    private final Map<HookPoint, FloatMatrix> differences;

    Chunk(List<Integer> members, List<PatchSite> sites) {
      this.sites = sites;
      this.hooks = hooks(sites);
      this.base = runs.base(members);
      Set<HookPoint> wanted = new LinkedHashSet<>(hooks);
      wanted.add(MetricGradients.EMBEDDING);
      this.differences = runs.differences(members, wanted);
    }

    private FloatMatrix difference(HookPoint hook) {
      return Optional.ofNullable(differences.get(hook)).orElseThrow();
    }

    Map<HookPoint, FloatMatrix> ofStep(Step step) {
      return gradients.ofStep(base, hooks, step);
    }

    Map<HookPoint, FloatMatrix> ofWay(Attribution.IntegratedGradients integrated) {
      return gradients.ofWay(base, hooks, differences, integrated);
    }

    void putExactSoftmax(double[][] effects) {
      put(effects, ofStep(Step.none()));
      for (Part part : List.of(Part.Q, Part.K)) {
        requireAllPositions(part);
        Map<HookPoint, FloatMatrix> ofPart = new LinkedHashMap<>();
        sites.stream()
            .map(PatchSite::node)
            .filter(node -> node instanceof CircuitNode.HeadPart its && its.part() == part)
            .forEach(node -> ofPart.put(node.hook(), difference(node.hook())));
        if (!ofPart.isEmpty()) {
          new PatternEstimate(runs, base, part, ofPart).put(effects, sites);
        }
      }
    }

    /** A query changes its own row of the pattern only, a key changes a column of all rows. */
    private void requireAllPositions(Part part) {
      boolean isOfOne =
          sites.stream()
              .anyMatch(site ->
                  site.position().isPresent()
                      && site.node() instanceof CircuitNode.HeadPart its
                      && its.part() == part);
      if (part == Part.K && isOfOne) {
        throw new IllegalArgumentException(
            "exact softmax: keys are replaced at all positions together; leave out positions or"
                + " choose one gradient");
      }
    }

    void putDropped(double[][] effects) {
      int layers = runs.model().config().nLayers();
      if (layers < 2) {
        throw new IllegalArgumentException(
            "dropped gradients: %s has 1 layer; there must be another one to go back by"
                .formatted(runs.model().config().name()));
      }
      double[][] some = new double[effects.length][runs.task().examples().size()];
      for (int layer = 0; layer < layers; layer++) {
        put(some, ofStep(Step.without(layer)));
        for (int item = 0; item < effects.length; item++) {
          for (int example : base.members()) {
            effects[item][example] += Math.abs(some[item][example]) / (layers - 1);
          }
        }
      }
    }

    void put(double[][] effects, Map<HookPoint, FloatMatrix> found) {
      for (HookPoint hook : hooks) {
        FloatMatrix product = Optional.ofNullable(found.get(hook)).orElseThrow();
        runs.kernels().multiply(product, product, difference(hook));
        put(effects, hook, runs.device().toHost(product), product.cols());
      }
    }

    private void put(double[][] effects, HookPoint hook, float[] products, int cols) {
      for (int item = 0; item < sites.size(); item++) {
        if (sites.get(item).node().hook().equals(hook)) {
          CircuitNode.Columns columns = sites.get(item).node().columns(runs.model().config());
          sites.get(item).sum(effects[item], base, products, cols, columns);
        }
      }
    }
  }

  /**
   * Returns how far integrated gradients are from adding up: of the embedding they sum to the whole
   * change of the metric, so
   *
   * <pre>
   *   sum over examples of |attribution of hook_embed - change| / sum over examples of |change|
   * </pre>
   *
   * with change = metric(source prompt) - metric(base prompt).
   *
   * @param embedding the estimated effects of {@code hook_embed} on each example
   */
  public double completenessError(double[] embedding) {
    double[] clean = runs.baseline().cleanArray();
    double[] corrupt = runs.baseline().corruptArray();
    double[] unpatched = runs.unpatched();
    double error = 0;
    double size = 0;
    for (int i = 0; i < embedding.length; i++) {
      double change = clean[i] + corrupt[i] - 2 * unpatched[i];
      error += Math.abs(embedding[i] - change);
      size += Math.abs(change);
    }
    return error / size;
  }
}
