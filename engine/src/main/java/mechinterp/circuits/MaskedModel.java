package mechinterp.circuits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * A model of which only a circuit runs on the clean prompt: along all other edges readers get the
 * senders' corrupted values,
 *
 * <pre>  input of v = its input + sum over removed edges u to v of (u_corrupt - u)</pre>
 *
 * with u as it is in this run. With no edge removed it is the model, with all removed the model on
 * the corrupted prompt. To remove a node is to remove all edges from it.
 *
 * <p>Source: Conmy et al. 2023 (arXiv:2304.14997).
 */
public final class MaskedModel implements PartialModel<CircuitEdge> {
  private final TaskRuns runs;
  private final EdgeGraph graph;
  private final List<Chunk> chunks = new ArrayList<>();

  /** Prompts, and what senders add on their twins. */
  private record Chunk(ExampleBatch base, Activations source) {}

  /**
   * Runs the corrupted prompts.
   *
   * @throws IllegalArgumentException when the model cannot read the task or has no such edges
   * @throws mechinterp.device.InsufficientMemoryException when the values of all prompts do not fit
   */
  public MaskedModel(Transformer model, CircuitTask task, CircuitSettings settings) {
    this.graph = EdgeGraph.of(model);
    this.runs = new TaskRuns(model, task, settings);
    plan(model, task).requireFits(model.device());
    for (List<Integer> members : runs.chunks()) {
      Activations source = runs.capture(runs.source(members), graph.senderHooks());
      chunks.add(new Chunk(runs.base(members), source));
    }
  }

  private MemoryPlan plan(Transformer model, CircuitTask task) {
    long tokens = task.examples().stream().mapToLong(CircuitExample::tokens).sum();
    long columns = graph.senderHooks().stream().mapToLong(model::width).sum();
    return MemoryPlan.empty("circuit")
        .and("run", model.memoryPlan(runs.tokensAtOnce()))
        .withMatrix("values of removed edges", tokens, columns)
        .withMatrix("values of a run", runs.tokensAtOnce(), columns);
  }

  /** Returns the edges that can be removed. */
  public EdgeGraph graph() {
    return graph;
  }

  /** Returns the metric without anything removed. */
  public Baseline baseline() {
    return runs.baseline();
  }

  TaskMetric metric() {
    return runs.settings().metric();
  }

  @Override
  public double[] whole() {
    return runs.baseline().cleanArray();
  }

  /** Returns the metric of the corrupted prompts, which is that without any edge. */
  @Override
  public double[] nothing() {
    return runs.baseline().corruptArray();
  }

  @Override
  public double[] metric(Set<CircuitEdge> removed) {
    double[] metrics = new double[runs.task().examples().size()];
    for (Chunk chunk : chunks) {
      double[] some = runs.run(chunk.base(), new Masks(chunk, removed).edits());
      for (int s = 0; s < some.length; s++) {
        metrics[chunk.base().members().get(s)] = some[s];
      }
    }
    return metrics;
  }

  /** The edits of one run. */
  private final class Masks {
    private final Chunk chunk;
    private final Map<HookPoint, List<CircuitEdge>> removed = new HashMap<>();
    private final Map<HookPoint, FloatMatrix> differences = new HashMap<>();

    Masks(Chunk chunk, Set<CircuitEdge> edges) {
      this.chunk = chunk;
      // The order of sums must not depend on that of a set.
      for (CircuitEdge edge : graph.edges()) {
        if (edges.contains(edge)) {
          removed.computeIfAbsent(graph.hook(edge.receiver()), _ -> new ArrayList<>()).add(edge);
        }
      }
    }

    Map<HookPoint, Edit> edits() {
      Map<HookPoint, Edit> edits = new HashMap<>();
      removed.values().stream()
          .flatMap(List::stream)
          .map(edge -> EdgeGraph.hook(edge.sender()))
          .distinct()
          .forEach(hook -> edits.put(hook, (x, _) -> see(hook, x)));
      removed.forEach((hook, edges) -> edits.put(hook, (input, _) -> add(input, edges)));
      return edits;
    }

    private void see(HookPoint hook, FloatMatrix x) {
      differences.put(hook, runs.difference(chunk.source().at(hook), x));
    }

    private void add(FloatMatrix input, List<CircuitEdge> edges) {
      for (CircuitEdge edge : edges) {
        HookPoint hook = EdgeGraph.hook(edge.sender());
        FloatMatrix difference = Optional.ofNullable(differences.get(hook)).orElseThrow();
        graph.add(runs.kernels(), edge, input, difference);
      }
    }
  }
}
