package mechinterp.circuits.graph;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.circuits.RankAgreement;

/**
 * Tests a graph by what it predicts: latents are scaled or ablated, and the change of every later
 * latent's pre-activation and of the logits is compared with what the graph says.
 *
 * <p>With r = factor - 1 of the latents that are changed, and of the others in the order of
 * computation
 *
 * <pre>
 *   change of t = sum over latents s of (effect of s on t) r_s        r_t = change of t / activation of t
 * </pre>
 *
 * where {@link Freedom#DIRECT} leaves r at 0 but for the changed ones. A latent that is off in the
 * prompt, or is switched off by the change, is where the graph can err in the replacement model;
 * errors, norms and attention come to it in the model.
 */
public final class GraphInterventions {
  private final LocalReplacementModel local;
  private final AttributionGraph graph;

  /**
   * Tests a graph.
   *
   * @param local what it was made of
   */
  public GraphInterventions(LocalReplacementModel local, AttributionGraph graph) {
    this.local = local;
    this.graph = graph;
  }

  /**
   * What became of a target.
   *
   * @param node its number
   * @param predicted its change by the graph
   * @param real its change
   */
  public record Change(int node, double predicted, double real) {}

  /**
   * What changed, of all latents behind the changed ones and of all logits.
   *
   * @param changes in the order of the nodes
   */
  public record Outcome(List<Change> changes) {
    private static final int TOP = 10;

    /** Keeps the list. */
    public Outcome {
      changes = List.copyOf(changes);
    }

    /** Returns the predicted changes in a new array. */
    public double[] predicted() {
      return changes.stream().mapToDouble(Change::predicted).toArray();
    }

    /** Returns the real changes in a new array. */
    public double[] real() {
      return changes.stream().mapToDouble(Change::real).toArray();
    }

    /**
     * Returns how well they agree.
     *
     * @throws IllegalArgumentException when there are fewer than two targets
     */
    public RankAgreement agreement() {
      return RankAgreement.of(predicted(), real(), Math.min(TOP, changes.size()));
    }

    /** Returns the share of targets, of those that changed, whose direction is predicted. */
    public double sameSign() {
      List<Change> changed = changes.stream().filter(change -> change.real() != 0).toList();
      long same =
          changed.stream()
              .filter(change -> Math.signum(change.real()) == Math.signum(change.predicted()))
              .count();
      return (double) same / changed.size();
    }
  }

  /**
   * Multiplies the activations of latents of the graph by a factor; 0 ablates them.
   *
   * @param group numbers of nodes: a supernode, or a single latent
   * @throws IllegalArgumentException when there are none, or one is no latent
   */
  public Outcome scale(Set<Integer> group, double factor, Freedom freedom) {
    requireLatents(group);
    List<LatentValue> values =
        group.stream()
            .map(node -> (GraphNode.Latent) graph.nodes().get(node))
            .map(latent ->
                new LatentValue(
                    latent.layer(),
                    latent.position(),
                    latent.latent(),
                    (float) (factor * latent.activation())))
            .toList();
    double[] after = local.values(local.run(values, freedom), graph.nodes());
    double[] predicted = predicted(group, factor, freedom);
    return new Outcome(
        targets(group)
            .mapToObj(target ->
                new Change(target, predicted[target], after[target] - graph.value(target)))
            .toList());
  }

  private void requireLatents(Set<Integer> group) {
    if (group.isEmpty()) {
      throw new IllegalArgumentException("group: has no nodes; there must be at least one");
    }
    for (int node : group) {
      if (!(graph.nodes().get(node) instanceof GraphNode.Latent)) {
        throw new IllegalArgumentException(
            "group: has %s; it must have latents".formatted(graph.nodes().get(node)));
      }
    }
  }

  /** Returns what may change: what comes behind the first of the changed ones. */
  private IntStream targets(Set<Integer> group) {
    int layer = group.stream().mapToInt(node -> latent(node).layer()).min().orElseThrow();
    int position = group.stream().mapToInt(node -> latent(node).position()).min().orElseThrow();
    return IntStream.range(0, graph.nodes().size())
        .filter(node -> graph.nodes().get(node).isTarget() && !group.contains(node))
        .filter(node ->
            !(graph.nodes().get(node) instanceof GraphNode.Latent other)
                || (other.layer() > layer && other.position() >= position));
  }

  private GraphNode.Latent latent(int node) {
    return (GraphNode.Latent) graph.nodes().get(node);
  }

  private double[] predicted(Set<Integer> group, double factor, Freedom freedom) {
    double[] changes = new double[graph.nodes().size()];
    double[] relative = new double[changes.length];
    group.forEach(node -> relative[node] = factor - 1);
    for (int target = 0; target < changes.length; target++) {
      if (!graph.nodes().get(target).isTarget() || group.contains(target)) {
        continue;
      }
      float[] inputs = graph.inputs(target);
      for (int source = 0; source < inputs.length; source++) {
        changes[target] += inputs[source] * relative[source];
      }
      if (freedom != Freedom.DIRECT && graph.nodes().get(target) instanceof GraphNode.Latent of) {
        relative[target] = changes[target] / of.activation();
      }
    }
    return changes;
  }
}
