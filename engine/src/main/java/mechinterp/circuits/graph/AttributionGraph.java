package mechinterp.circuits.graph;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Direct effects between tokens, latents, errors and logits of one prompt. The inputs of a target
 * and what no prompt changes sum to it:
 *
 * <pre>
 *   sum of inputs + omitted latents + bias = pre-activation, or logit less the mean logit
 * </pre>
 *
 * Nodes are in the order of computation: latents by layer, token and number, errors by layer and
 * token, tokens, logits, the likeliest first. Close it to delete the temporary file of its rows.
 */
public final class AttributionGraph implements AutoCloseable {
  private final int[] ids;
  private final List<GraphNode> nodes;
  private final EdgeRows rows;
  private final int[] columns;
  private final List<Optional<Target>> targets;

  /**
   * A node with inputs.
   *
   * @param row of the effects on it
   * @param sum of all of them, those of omitted latents too
   * @param bias what it is without embeddings, latents and errors
   * @param value what it is in the model
   */
  record Target(int row, double sum, double bias, double value) {}

  /**
   * Takes the parts.
   *
   * @param rows of effects of all sources; closed with this
   * @param columns the source of each node but logits
   * @param targets of each node, what it is as a target if it is one
   */
  AttributionGraph(
      int[] ids,
      List<GraphNode> nodes,
      EdgeRows rows,
      int[] columns,
      List<Optional<Target>> targets) {
    this.ids = ids;
    this.nodes = List.copyOf(nodes);
    this.rows = rows;
    this.columns = columns;
    this.targets = List.copyOf(targets);
  }

  /** Returns the ids of the prompt's tokens in a new array. */
  public int[] ids() {
    return ids.clone();
  }

  /** Returns all nodes. */
  public List<GraphNode> nodes() {
    return nodes;
  }

  /** Returns how many nodes are latents: the first ones. */
  public int latents() {
    return (int) nodes.stream().filter(GraphNode.Latent.class::isInstance).count();
  }

  /**
   * Returns the direct effects of all nodes on a target in a new array; 0 of logits.
   *
   * @throws IllegalArgumentException when the node has no inputs
   * @throws java.io.UncheckedIOException when the temporary file cannot be read
   */
  public float[] inputs(int target) {
    float[] all = rows.get(target(target).row());
    float[] inputs = new float[nodes.size()];
    for (int i = 0; i < columns.length; i++) {
      inputs[i] = all[columns[i]];
    }
    return inputs;
  }

  private Target target(int node) {
    return targets
        .get(node)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "inputs: node %s has none; latents and logits have".formatted(nodes.get(node))));
  }

  /** Returns the effects on a target of active latents that are not in the graph. */
  public double omitted(int target) {
    double sum = target(target).sum();
    for (float effect : inputs(target)) {
      sum -= effect;
    }
    return sum;
  }

  /** Returns what a target is without embeddings, latents and errors. */
  public double bias(int target) {
    return target(target).bias();
  }

  /** Returns what a target is in the model: a pre-activation, or a logit less the mean logit. */
  public double value(int target) {
    return target(target).value();
  }

  /**
   * Returns how far inputs and bias are from adding up: the largest |sum + bias - value| over the
   * root mean square of the values. Nothing but rounding.
   */
  public double identityError() {
    List<Target> all = targets.stream().flatMap(Optional::stream).toList();
    double largest = 0;
    double squares = 0;
    for (Target target : all) {
      double difference = target.sum() + target.bias() - target.value();
      largest = Math.max(largest, Math.abs(difference));
      squares += target.value() * target.value();
    }
    return largest / Math.sqrt(squares / all.size());
  }

  /** Returns the influence of each node on the logits: see {@link InfluenceFlow}. */
  public double[] influence() {
    boolean[] all = new boolean[nodes.size()];
    Arrays.fill(all, true);
    return influence(all);
  }

  /** Returns the influence of each node by paths through some nodes. */
  double[] influence(boolean[] kept) {
    InfluenceFlow flow = new InfluenceFlow(nodes.size());
    for (int target = nodes.size() - 1; target >= 0; target--) {
      double own = weight(target) + flow.influence(target);
      if (nodes.get(target).isTarget() && kept[target] && own > 0) {
        flow.spread(inputs(target, kept), own);
      }
    }
    return flow.all();
  }

  /** Returns the direct effects of some nodes on a target; 0 of the others. */
  float[] inputs(int target, boolean[] kept) {
    float[] inputs = inputs(target);
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = kept[i] ? inputs[i] : 0;
    }
    return inputs;
  }

  /** Returns the probability of a logit's token; 0 of other nodes. */
  double weight(int node) {
    return nodes.get(node) instanceof GraphNode.Logit logit ? logit.probability() : 0;
  }

  /**
   * Returns how much of the graph goes through latents.
   *
   * @param replacement of the influence that ends in tokens or errors, the share of tokens: what
   *     goes from a token to a logit through latents all the way
   * @param completeness the share of the inputs of all nodes, weighted by their influence, that are
   *     no errors
   */
  public record Scores(double replacement, double completeness) {}

  /** Returns the replacement and the completeness score, as circuit-tracer does. */
  public Scores scores() {
    double[] influence = influence();
    double tokens = sum(influence, GraphNode.Token.class);
    double errors = sum(influence, GraphNode.ReconstructionError.class);
    double complete = 0;
    double all = 0;
    for (int i = 0; i < nodes.size(); i++) {
      double own = influence[i] + weight(i);
      complete += own * (1 - shareOfErrors(i));
      all += own;
    }
    return new Scores(tokens / (tokens + errors), complete / all);
  }

  private double sum(double[] influence, Class<? extends GraphNode> kind) {
    return IntStream.range(0, influence.length)
        .filter(i -> kind.isInstance(nodes.get(i)))
        .mapToDouble(i -> influence[i])
        .sum();
  }

  private double shareOfErrors(int node) {
    if (!nodes.get(node).isTarget()) {
      return 0;
    }
    float[] inputs = inputs(node);
    double size = InfluenceFlow.size(inputs);
    double errors = 0;
    for (int i = 0; i < inputs.length; i++) {
      errors += nodes.get(i) instanceof GraphNode.ReconstructionError ? Math.abs(inputs[i]) : 0;
    }
    return size > 0 ? errors / size : 0;
  }

  @Override
  public void close() {
    rows.close();
  }
}
