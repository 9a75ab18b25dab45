package mechinterp.circuits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
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
      Map<HookPoint, FloatMatrix> differences = differences(members, base);
      for (List<Patch> patches : batches(edges, base)) {
        put(effects, patches, run(patches, base, differences));
        done += patches.size();
        progress.accept(done);
      }
    }
    return new Effects<>(edges, effects, runs.baseline());
  }

  private Map<HookPoint, FloatMatrix> differences(List<Integer> members, ExampleBatch base) {
    Activations before = runs.capture(base, graph.senderHooks());
    Activations after = runs.capture(runs.source(members), graph.senderHooks());
    Map<HookPoint, FloatMatrix> differences = new LinkedHashMap<>();
    graph
        .senderHooks()
        .forEach(hook -> differences.put(hook, runs.difference(after.at(hook), before.at(hook))));
    return differences;
  }

  /**
   * A prompt to patch.
   *
   * @param item number of the edge
   * @param example its number in the task
   * @param sequence of the example in the batch that the differences are of
   */
  private record Patch(int item, CircuitEdge edge, int example, int sequence) {}

  /** Edges to one reader come together, so few readers are split in a run. */
  private List<List<Patch>> batches(List<CircuitEdge> edges, ExampleBatch base) {
    List<List<Patch>> batches = new ArrayList<>();
    int tokens = runs.settings().maxTokens();
    for (int item = 0; item < edges.size(); item++) {
      for (int s = 0; s < base.sequences(); s++) {
        int more = base.tokens().end(s) - base.tokens().start(s);
        if (tokens + more > runs.settings().maxTokens()) {
          batches.add(new ArrayList<>());
          tokens = 0;
        }
        tokens += more;
        batches.getLast().add(new Patch(item, edges.get(item), base.members().get(s), s));
      }
    }
    return batches;
  }

  private double[] run(
      List<Patch> patches, ExampleBatch base, Map<HookPoint, FloatMatrix> differences) {
    ExampleBatch batch = runs.base(patches.stream().map(Patch::example).toList());
    Map<HookPoint, List<Integer>> places = new HashMap<>();
    for (int s = 0; s < patches.size(); s++) {
      HookPoint hook = graph.hook(patches.get(s).edge().receiver());
      places.computeIfAbsent(hook, _ -> new ArrayList<>()).add(s);
    }
    Map<HookPoint, Edit> edits = new HashMap<>();
    places.forEach((hook, sequences) ->
        edits.put(
            hook,
            (activation, _) -> {
              for (int s : sequences) {
                add(patches.get(s), rows(activation, batch, s), base, differences);
              }
            }));
    return runs.run(batch, edits);
  }

  private static FloatMatrix rows(FloatMatrix activation, ExampleBatch batch, int sequence) {
    return activation.rowRange(batch.tokens().start(sequence), batch.tokens().end(sequence));
  }

  private void add(
      Patch patch, FloatMatrix input, ExampleBatch base, Map<HookPoint, FloatMatrix> differences) {
    HookPoint hook = EdgeGraph.hook(patch.edge().sender());
    FloatMatrix all = Optional.ofNullable(differences.get(hook)).orElseThrow();
    FloatMatrix difference = rows(all, base, patch.sequence());
    CircuitNode.Columns from = graph.columns(patch.edge().sender());
    CircuitNode.Columns to = graph.columns(patch.edge().receiver());
    runs.kernels()
        .addScaled(
            input.columnRange(to.from(), to.to()),
            difference.columnRange(from.from(), from.to()),
            1);
  }

  private void put(double[][] effects, List<Patch> patches, double[] metrics) {
    double[] unpatched = runs.unpatched();
    for (int s = 0; s < metrics.length; s++) {
      Patch patch = patches.get(s);
      effects[patch.item()][patch.example()] = metrics[s] - unpatched[patch.example()];
    }
  }
}
