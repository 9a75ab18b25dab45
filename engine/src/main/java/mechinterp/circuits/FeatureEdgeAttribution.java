package mechinterp.circuits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/**
 * The effects of edges between latents and errors, by a vector-Jacobian product for each receiver
 * d:
 *
 * <pre>
 *   effect of u to d       ~ sum over positions of (u replaced - u) . (dm/dd dd/du)
 *   effect of u to logits  ~ sum over positions of (u replaced - u) . dm/du
 * </pre>
 *
 * by those ways alone on which no other autoencoder is: gradients end at every site that they come
 * by, so that what goes through another latent, or through the residual stream at an autoencoder
 * there, is not counted again. With one gradient the edges from a node sum to its effect. Source:
 * Marks et al. 2024 (arXiv:2403.19647), whose autoencoders are at every layer, so that they name
 * the sites in between one by one.
 */
final class FeatureEdgeAttribution {
  private final FeatureRuns features;
  private final TaskRuns runs;
  private final FeatureThresholds thresholds;
  private final Baseline baseline;
  private final Map<HookPoint, List<FeatureNode>> kept = new LinkedHashMap<>();
  private final Set<FeatureNode> keptNodes = new HashSet<>();
  private final Map<FeatureEdge, double[]> effects = new LinkedHashMap<>();

  /**
   * Chooses the nodes.
   *
   * @throws IllegalArgumentException when an encoder is not linear
   */
  FeatureEdgeAttribution(
      FeatureRuns features, Effects<FeatureNode> nodes, FeatureThresholds thresholds) {
    this.features = features;
    this.runs = features.runs();
    this.thresholds = thresholds;
    this.baseline = nodes.baseline();
    // Nothing goes back through the encoder of the first site.
    features.features().sites().stream().skip(1).forEach(EncoderGradient::requireLinear);
    features.hooks().forEach(hook -> kept.put(hook, new ArrayList<>()));
    for (int item = 0; item < nodes.items().size(); item++) {
      FeatureNode node = nodes.items().get(item);
      if (Math.abs(nodes.mean(item)) >= thresholds.node()) {
        of(node.hook()).add(node);
        keptNodes.add(node);
      }
    }
  }

  private List<FeatureNode> of(HookPoint hook) {
    return Optional.ofNullable(kept.get(hook)).orElseThrow();
  }

  /** Returns a plan with what edges take besides. */
  MemoryPlan plan(MemoryPlan nodes) {
    long pairs = 0;
    long senders = 0;
    for (List<FeatureNode> ofSite : kept.values()) {
      pairs += senders * ofSite.size() + ofSite.size();
      senders += ofSite.size();
    }
    MemoryPlan plan =
        nodes.withMatrix("effects of edges", pairs, 2L * runs.task().examples().size());
    plan = runs.withCaptures(plan, "gradients of a receiver", features.hooks());
    return runs.withCaptures(plan, "ways back through encoders", features.hooks());
  }

  /**
   * Adds the effects on some examples.
   *
   * @param gradients of the metric at every site
   * @param step how gradients go back
   * @return the number of backward runs
   */
  long add(FeatureRuns.Chunk chunk, Map<HookPoint, FloatMatrix> gradients, Step step) {
    Receivers receivers = new Receivers(chunk, step);
    return receivers.add(gradients);
  }

  /** Returns the edges above the threshold. */
  Effects<FeatureEdge> effects() {
    List<FeatureEdge> edges = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    effects.forEach((edge, effect) -> {
      double mean = Arrays.stream(effect).average().orElseThrow();
      if (Math.abs(mean) >= thresholds.edge() && mean != 0) {
        edges.add(edge);
        values.add(effect);
      }
    });
    return new Effects<>(edges, values.toArray(double[][]::new), baseline);
  }

  /** Goes back from receivers, on some examples. */
  private final class Receivers {
    private final FeatureRuns.Chunk chunk;
    private final Step step;
    private final List<SiteChange> sites;
    private long backwardRuns;

    Receivers(FeatureRuns.Chunk chunk, Step step) {
      this.chunk = chunk;
      this.step = step;
      this.sites = chunk.sites();
    }

    long add(Map<HookPoint, FloatMatrix> gradients) {
      try (GradientRun run =
          runs.model()
              .runForGradients(chunk.base().tokens(), Set.of(), step.edits(runs.kernels()))) {
        FloatMatrix nothing = runs.device().floats(run.output().rows(), run.output().cols());
        for (int to = 1; to < sites.size(); to++) {
          addReceivers(run, to, nothing, FeatureAttribution.gradient(gradients, sites.get(to)));
        }
        FloatMatrix dOutput = runs.metric().gradient(chunk.base(), run.output());
        back(run, dOutput, Map.of(), sites.size(), Optional.empty());
      }
      return backwardRuns;
    }

    private void addReceivers(GradientRun run, int to, FloatMatrix nothing, FloatMatrix gradient) {
      SiteChange site = sites.get(to);
      List<FeatureNode> nodes = of(site.hook());
      if (nodes.isEmpty() || !hasSenders(to)) {
        return;
      }
      EncoderGradient encoder =
          new EncoderGradient(site.site().sae(), site.base().codes(), gradient);
      for (FeatureNode node : nodes) {
        FloatMatrix seed = seed(encoder, node, gradient);
        Map<HookPoint, Edit> begin =
            Map.of(site.hook(), (found, _) -> runs.kernels().copy(found, seed));
        back(run, nothing, begin, to, Optional.of(node));
      }
    }

    private boolean hasSenders(int to) {
      return sites.subList(0, to).stream().anyMatch(site -> !of(site.hook()).isEmpty());
    }

    private FloatMatrix seed(EncoderGradient encoder, FeatureNode node, FloatMatrix like) {
      FloatMatrix seed = runs.device().floats(like.rows(), like.cols());
      if (node.position().isEmpty()) {
        encoder.add(seed, node, 0, seed.rows());
        return seed;
      }
      for (int s = 0; s < chunk.base().sequences(); s++) {
        int row = chunk.base().tokens().start(s) + node.position().getAsInt();
        encoder.add(seed.row(row), node, row, row + 1);
      }
      return seed;
    }

    /** Goes back from a receiver at site {@code to}, and ends at each site before it. */
    private void back(
        GradientRun run,
        FloatMatrix dOutput,
        Map<HookPoint, Edit> begin,
        int to,
        Optional<FeatureNode> receiver) {
      Map<HookPoint, FloatMatrix> found = new HashMap<>();
      Map<HookPoint, Edit> edits = new HashMap<>(begin);
      for (SiteChange site : sites.subList(0, to)) {
        edits.put(site.hook(), (gradient, _) -> take(found, site.hook(), gradient));
      }
      // The rules of the way back read what the ends of the way have left.
      step.gradientEdits(runs.kernels())
          .forEach((hook, edit) -> edits.merge(hook, edit, Edit::then));
      var _ = run.backward(dOutput, Set.of(sites.getFirst().hook()), edits);
      backwardRuns++;
      for (SiteChange site : sites.subList(0, to)) {
        site.products(
            FeatureAttribution.gradient(found, site),
            (latent, row, product) -> put(site.hook(), latent, row, receiver, product));
      }
    }

    private void take(Map<HookPoint, FloatMatrix> found, HookPoint hook, FloatMatrix gradient) {
      FloatMatrix copy = runs.device().floats(gradient.rows(), gradient.cols());
      runs.kernels().copy(copy, gradient);
      runs.kernels().fill(gradient, 0);
      found.put(hook, copy);
    }

    private void put(
        HookPoint hook, int latent, int row, Optional<FeatureNode> receiver, double product) {
      ExampleBatch base = chunk.base();
      FeatureNode sender = features.node(hook, latent, base.tokens().position(row));
      if (keptNodes.contains(sender)) {
        int examples = runs.task().examples().size();
        effects
                .computeIfAbsent(new FeatureEdge(sender, receiver), _ -> new double[examples])[
                base.member(row)] +=
            product;
      }
    }
  }
}
