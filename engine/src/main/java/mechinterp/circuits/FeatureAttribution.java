package mechinterp.circuits;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/**
 * The effects of {@link FeaturePatching}, estimated for all nodes at once from gradients:
 *
 * <pre>
 *   effect of f_i     ~ sum over positions of (f_i replaced - f_i) W_dec[i] . dm/dx
 *   effect of error   ~ sum over positions of (error replaced - error) . dm/dx
 * </pre>
 *
 * with dm/dx at the base run, or its mean while the autoencoder's whole activation goes to what
 * replaces it: see {@link Attribution}. The autoencoder does not change the gradient by x, since
 * latents and error together are x. Source: Marks et al. 2024 (arXiv:2403.19647), who take the left
 * end of each step where here the middle is taken.
 */
public final class FeatureAttribution {
  private final FeatureRuns features;
  private final LongConsumer progress;
  private final TaskRuns runs;
  private final MetricGradients gradients;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of backward runs so far
   * @throws IllegalArgumentException when the model cannot read the task, or positions are asked
   *     for and the prompts differ in length
   */
  public FeatureAttribution(
      FeatureModel model, CircuitTask task, FeatureSettings settings, LongConsumer progress) {
    this.features = new FeatureRuns(model, task, settings);
    this.progress = progress;
    this.runs = features.runs();
    this.gradients = new MetricGradients(runs, progress);
  }

  /**
   * Returns the latents that change on some prompt, and the errors, in the order of computation.
   */
  public List<FeatureNode> nodes() {
    return List.copyOf(features.nodes());
  }

  /** Returns the metric without patches. */
  public Baseline baseline() {
    return runs.baseline();
  }

  /** Returns the memory that it takes besides the weights. */
  public MemoryPlan plan() {
    MemoryPlan plan =
        features.plan("feature attribution", runs.model().gradientMemoryPlan(runs.tokensAtOnce()));
    plan = runs.withCaptures(plan, "gradients", features.hooks());
    plan = runs.withCaptures(plan, "gradients of a step", features.hooks());
    return RelevanceStep.plan(plan, runs);
  }

  /**
   * Returns the estimated effects of all nodes.
   *
   * @throws IllegalArgumentException when the estimate is zero by definition, or for other nodes
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<FeatureNode> effects(Attribution attribution) {
    requirePossible(attribution);
    plan().requireFits(runs.device());
    double[][] effects = new double[features.nodes().size()][runs.task().examples().size()];
    for (List<Integer> members : runs.chunks()) {
      FeatureRuns.Chunk chunk = features.chunk(members);
      Map<HookPoint, FloatMatrix> found = gradients(chunk, attribution);
      for (SiteChange site : chunk.sites()) {
        site.products(
            gradient(found, site),
            (latent, row, product) -> {
              int position = chunk.base().tokens().position(row);
              FeatureNode node = features.node(site.hook(), latent, position);
              features
                  .item(node)
                  .ifPresent(item -> effects[item][chunk.base().member(row)] += product);
            });
      }
    }
    return new Effects<>(features.nodes(), effects, runs.baseline());
  }

  /**
   * Returns the estimated effects of edges between nodes: see {@link FeatureEdgeAttribution}.
   *
   * @param nodes effects of all nodes, of which those above the threshold have edges
   * @param thresholds the least mean effects, in size
   * @throws IllegalArgumentException as {@link #effects(Attribution)}, and when an encoder has no
   *     gradient
   */
  public Effects<FeatureEdge> edges(
      Effects<FeatureNode> nodes, Attribution attribution, FeatureThresholds thresholds) {
    requirePossible(attribution);
    if (attribution instanceof Attribution.Relevance) {
      RelevanceStep.requireNoneBefore(features.hooks());
    }
    FeatureEdgeAttribution edges = new FeatureEdgeAttribution(features, nodes, thresholds);
    edges.plan(plan()).requireFits(runs.device());
    long done = 0;
    for (List<Integer> members : runs.chunks()) {
      FeatureRuns.Chunk chunk = features.chunk(members);
      done += edges.add(chunk, gradients(chunk, attribution), stepOf(attribution));
      progress.accept(done);
    }
    return edges.effects();
  }

  private void requirePossible(Attribution attribution) {
    AttributionPatching.requireGradient(runs.settings(), attribution);
    switch (attribution) {
      case Attribution.Gradient _, Attribution.Relevance _ -> {}
      case Attribution.IntegratedGradients integrated -> {
        if (integrated.path() == IntegrationPath.INPUTS && !features.isCorrupted()) {
          throw new IllegalArgumentException(
              "path: is inputs; zeros and means have no input that makes them, so it must be"
                  + " activations");
        }
      }
      case Attribution.ExactSoftmax _, Attribution.DroppedGradients _ ->
          throw new IllegalArgumentException(
              "features: dropped gradients and exact softmax are for parts of the model; use one"
                  + " gradient or integrated ones");
    }
  }

  /** Returns what changes the way back. */
  private Step stepOf(Attribution attribution) {
    return switch (attribution) {
      case Attribution.Relevance(boolean patternHeld) ->
          new RelevanceStep(runs.model(), patternHeld);
      case Attribution.Gradient _,
          Attribution.IntegratedGradients _,
          Attribution.ExactSoftmax _,
          Attribution.DroppedGradients _ ->
          Step.none();
    };
  }

  private Map<HookPoint, FloatMatrix> gradients(FeatureRuns.Chunk chunk, Attribution attribution) {
    if (!(attribution instanceof Attribution.IntegratedGradients integrated)) {
      return gradients.ofStep(chunk.base(), features.hooks(), stepOf(attribution));
    }
    Map<HookPoint, FloatMatrix> differences = new HashMap<>();
    switch (integrated.path()) {
      case ACTIVATIONS -> chunk.sites().forEach(site -> differences.put(site.hook(), site.whole()));
      case INPUTS ->
          differences.putAll(
              runs.differences(chunk.base().members(), Set.of(MetricGradients.EMBEDDING)));
    }
    return gradients.ofWay(chunk.base(), features.hooks(), differences, integrated);
  }

  static FloatMatrix gradient(Map<HookPoint, FloatMatrix> found, SiteChange site) {
    return Optional.ofNullable(found.get(site.hook())).orElseThrow();
  }

  /**
   * Returns how far the nodes of a site are from adding up to what replacing all of it does: the
   * mean over sites and examples of |sum of their effects - change| over that of |change|, with
   *
   * <pre>  change = metric(with the whole activation replaced) - metric(base run)</pre>
   *
   * @param effects of all nodes
   */
  public double completenessError(Effects<FeatureNode> effects) {
    double error = 0;
    double size = 0;
    double[] unpatched = runs.unpatched();
    for (List<Integer> members : runs.chunks()) {
      FeatureRuns.Chunk chunk = features.chunk(members);
      for (SiteChange site : chunk.sites()) {
        FloatMatrix whole = site.whole();
        double[] replaced =
            runs.run(
                chunk.base(), Map.of(site.hook(), (x, _) -> runs.kernels().addScaled(x, whole, 1)));
        for (int s = 0; s < replaced.length; s++) {
          int example = members.get(s);
          double change = replaced[s] - unpatched[example];
          error += Math.abs(sum(effects, site.hook(), example) - change);
          size += Math.abs(change);
        }
      }
    }
    return error / size;
  }

  private static double sum(Effects<FeatureNode> effects, HookPoint hook, int example) {
    double sum = 0;
    for (int item = 0; item < effects.items().size(); item++) {
      sum += effects.items().get(item).hook().equals(hook) ? effects.of(item, example) : 0;
    }
    return sum;
  }
}
