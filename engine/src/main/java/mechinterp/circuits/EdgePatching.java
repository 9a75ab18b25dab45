package mechinterp.circuits;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Exact effects of edges: one reader is given the sender's value of the other prompt, and nobody
 * else is (path patching of a single edge):
 *
 * <pre>
 *   input of v = its input + u_source - u_base
 *   effect = metric(with that) - metric(base run)
 * </pre>
 *
 * A run for each edge and example. Source: Wang et al. 2022 (arXiv:2211.00593); Goldowsky-Dill et
 * al. 2023 (arXiv:2304.05969).
 */
public final class EdgePatching {
  private final TaskRuns runs;
  private final EdgeGraph graph;
  private final LongConsumer progress;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of patched prompts so far
   * @throws IllegalArgumentException when the model cannot read the task or has no such edges
   */
  public EdgePatching(
      Transformer model, CircuitTask task, CircuitSettings settings, LongConsumer progress) {
    this.graph = EdgeGraph.of(model);
    this.runs = new TaskRuns(model, task, settings);
    this.progress = progress;
  }

  /** Returns the metric without patches. */
  public Baseline baseline() {
    return runs.baseline();
  }

  /** Returns the memory that it takes besides the model's weights. */
  public MemoryPlan plan() {
    int tokens = runs.settings().maxTokens();
    MemoryPlan plan = MemoryPlan.empty("edge patching").and("run", runs.model().memoryPlan(tokens));
    long inputs = graph.receiverHooks().stream().mapToLong(runs.model()::width).max().orElseThrow();
    plan = plan.withMatrix("inputs of heads", tokens, 2 * inputs);
    plan = runs.withCaptures(plan, "clean values", graph.senderHooks());
    return runs.withCaptures(plan, "corrupted values", graph.senderHooks());
  }

  /**
   * Returns the effects of all edges.
   *
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<CircuitEdge> effects() {
    plan().requireFits(runs.device());
    List<CircuitEdge> edges = graph.edges();
    double[][] effects = new double[edges.size()][runs.task().examples().size()];
    long done = 0;
    for (List<Integer> members : runs.chunks()) {
      ExampleBatch base = runs.base(members);
      Map<HookPoint, FloatMatrix> differences = runs.differences(members, graph.senderHooks());
      for (List<Patch<CircuitEdge>> patches :
          Patch.batches(edges, base, runs.settings().maxTokens())) {
        // Edges to one reader come together, so few readers have inputs of their own in a run.
        Patch.run(
            runs,
            effects,
            patches,
            edge -> graph.hook(edge.receiver()),
            (patch, rows) -> add(patch, rows, base, differences));
        done += patches.size();
        progress.accept(done);
      }
    }
    return new Effects<>(edges, effects, runs.baseline());
  }

  private void add(
      Patch<CircuitEdge> patch,
      FloatMatrix input,
      ExampleBatch base,
      Map<HookPoint, FloatMatrix> differences) {
    CircuitEdge edge = patch.what();
    HookPoint hook = EdgeGraph.hook(edge.sender());
    FloatMatrix all = Optional.ofNullable(differences.get(hook)).orElseThrow();
    graph.add(runs.kernels(), edge, input, base.rows(all, patch.sequence()));
  }
}
