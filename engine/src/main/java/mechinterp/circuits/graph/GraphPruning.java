package mechinterp.circuits.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Leaves out nodes, then edges, with little influence on the logits:
 *
 * <pre>
 *   nodes   the fewest whose influence is node_threshold of all, and all tokens and logits
 *   edges   the fewest whose score is edge_threshold of all, with
 *           score = share of the source in the target's inputs
 *                   x (influence of the target by paths through nodes that stay + its probability)
 * </pre>
 *
 * and then, until nothing changes, latents and errors without outputs and latents without inputs.
 * The defaults and the order are circuit-tracer's (Hanna et al. 2025; Ameisen et al. 2025).
 *
 * @param nodeThreshold share of the nodes' influence
 * @param edgeThreshold share of the edges' scores
 */
public record GraphPruning(double nodeThreshold, double edgeThreshold) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public GraphPruning {
    requireShare("node_threshold", nodeThreshold);
    requireShare("edge_threshold", edgeThreshold);
  }

  private static void requireShare(String name, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie above 0 and at most at 1".formatted(name, share));
    }
  }

  /** Returns 80 % of the nodes' influence and 98 % of the edges' scores. */
  public static GraphPruning defaults() {
    return new GraphPruning(0.8, 0.98);
  }

  /**
   * Prunes a graph.
   *
   * @throws IllegalArgumentException when no path to a logit is left
   */
  public PrunedGraph prune(AttributionGraph graph) {
    double[] influence = graph.influence();
    List<GraphNode> nodes = graph.nodes();
    double least = threshold(influence, nodeThreshold);
    boolean[] kept = new boolean[nodes.size()];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = isAlwaysKept(nodes.get(i)) || influence[i] >= least;
    }
    List<PrunedGraph.Edge> edges = connected(edges(graph, kept), nodes);
    if (edges.stream().noneMatch(edge -> nodes.get(edge.target()) instanceof GraphNode.Logit)) {
      throw new IllegalArgumentException(
          "prune: node_threshold %s and edge_threshold %s leave no path to a logit; raise them"
              .formatted(nodeThreshold, edgeThreshold));
    }
    return renumbered(nodes, edges, cumulative(influence));
  }

  private static boolean isAlwaysKept(GraphNode node) {
    return node instanceof GraphNode.Token || node instanceof GraphNode.Logit;
  }

  /** Returns the least of the largest scores that together have a share of all. */
  private static double threshold(double[] scores, double share) {
    double[] rising = scores.clone();
    Arrays.sort(rising);
    double all = Arrays.stream(rising).sum();
    double sum = 0;
    for (int i = rising.length - 1; i >= 0; i--) {
      sum += rising[i];
      if (sum >= share * all) {
        return rising[i];
      }
    }
    return 0;
  }

  private List<PrunedGraph.Edge> edges(AttributionGraph graph, boolean[] kept) {
    double[] influence = graph.influence(kept);
    List<PrunedGraph.Edge> edges = new ArrayList<>();
    List<Double> scores = new ArrayList<>();
    for (int target = 0; target < kept.length; target++) {
      if (!kept[target] || !graph.nodes().get(target).isTarget()) {
        continue;
      }
      float[] inputs = graph.inputs(target, kept);
      double own = (influence[target] + graph.weight(target)) / InfluenceFlow.size(inputs);
      for (int source = 0; source < inputs.length; source++) {
        if (inputs[source] != 0 && own > 0) {
          edges.add(new PrunedGraph.Edge(source, target, inputs[source]));
          scores.add(own * Math.abs(inputs[source]));
        }
      }
    }
    double[] all = scores.stream().mapToDouble(Double::doubleValue).toArray();
    double least = threshold(all, edgeThreshold);
    return IntStream.range(0, all.length)
        .filter(i -> all[i] >= least)
        .mapToObj(edges::get)
        .toList();
  }

  /**
   * Returns the edges that are left when nothing leads nowhere and no latent comes from nowhere.
   */
  private static List<PrunedGraph.Edge> connected(
      List<PrunedGraph.Edge> edges, List<GraphNode> nodes) {
    List<PrunedGraph.Edge> left = edges;
    int before;
    do {
      before = left.size();
      boolean[] hasInput = new boolean[nodes.size()];
      boolean[] hasOutput = new boolean[nodes.size()];
      for (PrunedGraph.Edge edge : left) {
        hasInput[edge.target()] = true;
        hasOutput[edge.source()] = true;
      }
      left =
          left.stream()
              .filter(edge ->
                  (hasOutput[edge.target()] || isAlwaysKept(nodes.get(edge.target())))
                      && (hasInput[edge.source()]
                          || !(nodes.get(edge.source()) instanceof GraphNode.Latent)))
              .toList();
    } while (left.size() < before);
    return left;
  }

  /** Returns for each node the share of it and of all with more influence. */
  private static double[] cumulative(double[] influence) {
    int[] order =
        IntStream.range(0, influence.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -influence[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double all = Arrays.stream(influence).sum();
    double[] shares = new double[influence.length];
    double sum = 0;
    for (int i : order) {
      sum += influence[i];
      shares[i] = sum / all;
    }
    return shares;
  }

  private static PrunedGraph renumbered(
      List<GraphNode> nodes, List<PrunedGraph.Edge> edges, double[] shares) {
    boolean[] used = new boolean[nodes.size()];
    for (int i = 0; i < used.length; i++) {
      used[i] = isAlwaysKept(nodes.get(i));
    }
    for (PrunedGraph.Edge edge : edges) {
      used[edge.source()] = true;
      used[edge.target()] = true;
    }
    int[] number = new int[used.length];
    List<PrunedGraph.Node> left = new ArrayList<>();
    for (int i = 0; i < used.length; i++) {
      number[i] = left.size();
      if (used[i]) {
        left.add(new PrunedGraph.Node(nodes.get(i), shares[i]));
      }
    }
    return new PrunedGraph(
        left,
        edges.stream()
            .map(edge ->
                new PrunedGraph.Edge(number[edge.source()], number[edge.target()], edge.weight()))
            .toList());
  }
}
