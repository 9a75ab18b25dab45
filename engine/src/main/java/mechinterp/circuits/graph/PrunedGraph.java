package mechinterp.circuits.graph;

import java.util.List;

/**
 * The nodes and edges of an attribution graph that matter most.
 *
 * @param nodes in the order of the whole graph
 * @param edges by target, then source
 */
public record PrunedGraph(List<Node> nodes, List<Edge> edges) {
  /** Keeps the lists. */
  public PrunedGraph {
    nodes = List.copyOf(nodes);
    edges = List.copyOf(edges);
  }

  /**
   * A node.
   *
   * @param influence of all influence the share of this node and of those with more: those below a
   *     smaller threshold stay when it is pruned further
   */
  public record Node(GraphNode node, double influence) {}

  /**
   * A direct effect.
   *
   * @param source number of a node
   * @param target number of a node
   * @param weight the effect
   */
  public record Edge(int source, int target, double weight) {}

  /** Returns how many nodes are of a kind. */
  public long count(Class<? extends GraphNode> kind) {
    return nodes.stream().filter(node -> kind.isInstance(node.node())).count();
  }
}
