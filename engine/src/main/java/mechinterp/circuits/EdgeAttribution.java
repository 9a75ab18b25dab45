package mechinterp.circuits;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * The effects of {@link EdgePatching}, estimated for all edges at once from gradients (edge
 * attribution patching):
 *
 * <pre>  effect of u to v ~ sum over positions of (u_source - u_base) . dm/d(input of v)</pre>
 *
 * with the gradient at the base run (EAP, Syed et al. 2023, arXiv:2310.10348) or its mean on the
 * way to the source (EAP-IG, Hanna et al. 2024, arXiv:2403.17806), or relevance in its place: see
 * {@link Attribution}.
 */
public final class EdgeAttribution {
  private static final HookPoint EMBEDDING = new CircuitNode.Embedding().hook();

  private final TaskRuns runs;
  private final EdgeGraph graph;
  private final LongConsumer progress;
  private long backwardRuns;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of backward runs so far
   * @throws IllegalArgumentException when the model cannot read the task or has no such edges
   */
  public EdgeAttribution(
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
    MemoryPlan plan =
        MemoryPlan.empty("edge attribution patching")
            .and("run", runs.model().gradientMemoryPlan(runs.tokensAtOnce()));
    plan = runs.withCaptures(plan, "clean values", graph.senderHooks());
    plan = runs.withCaptures(plan, "corrupted values", graph.senderHooks());
    plan = runs.withCaptures(plan, "gradients", graph.receiverHooks());
    plan = runs.withCaptures(plan, "gradients of a step", graph.receiverHooks());
    return RelevanceStep.plan(plan, runs);
  }

  /**
   * Returns the estimated effects of all edges.
   *
   * @throws IllegalArgumentException when the estimate is zero by definition, or for nodes only
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<CircuitEdge> effects(Attribution attribution) {
    AttributionPatching.requireGradient(runs.settings(), attribution);
    plan().requireFits(runs.device());
    List<CircuitEdge> edges = graph.edges();
    double[][] effects = new double[edges.size()][runs.task().examples().size()];
    for (List<Integer> members : runs.chunks()) {
      new Chunk(members).put(effects, attribution);
    }
    return new Effects<>(edges, effects, runs.baseline());
  }

  /** Some examples. */
  private final class Chunk {
    private final ExampleBatch base;
    private final Map<HookPoint, FloatMatrix> differences;

    Chunk(List<Integer> members) {
      this.base = runs.base(members);
      this.differences = runs.differences(members, graph.senderHooks());
    }

    void put(double[][] effects, Attribution attribution) {
      switch (attribution) {
        case Attribution.DroppedGradients _, Attribution.ExactSoftmax _ ->
            throw new IllegalArgumentException(
                "edges: dropped gradients and exact softmax are for nodes; use one gradient or"
                    + " integrated ones");
        case Attribution.Gradient() -> put(effects, graph.senders(), mean(List.of(Step.none())));
        case Attribution.Relevance(boolean patternHeld) -> {
          Step step = new RelevanceStep(runs.model(), patternHeld);
          put(effects, graph.senders(), mean(List.of(step)));
        }
        case Attribution.IntegratedGradients integrated -> {
          switch (integrated.path()) {
            case INPUTS -> put(effects, graph.senders(), mean(steps(integrated, EMBEDDING)));
            case ACTIVATIONS -> {
              for (HookPoint hook : graph.senderHooks()) {
                put(effects, at(hook), mean(steps(integrated, hook)));
              }
            }
          }
        }
      }
    }

    private List<CircuitNode> at(HookPoint hook) {
      return graph.senders().stream()
          .filter(sender -> EdgeGraph.hook(sender).equals(hook))
          .toList();
    }

    private List<Step> steps(Attribution.IntegratedGradients integrated, HookPoint moved) {
      return Step.of(integrated, moved, matrix(differences, moved));
    }

    private Map<HookPoint, FloatMatrix> mean(List<Step> steps) {
      GradientMean mean = new GradientMean(runs, graph.receiverHooks(), steps.size());
      for (Step step : steps) {
        mean.add(base, step);
        progress.accept(++backwardRuns);
      }
      return mean.gradients();
    }

    private void put(
        double[][] effects, List<CircuitNode> senders, Map<HookPoint, FloatMatrix> gradients) {
      for (int s = 0; s < base.sequences(); s++) {
        float[] products = products(s, senders, gradients);
        int example = base.members().get(s);
        for (int item = 0; item < effects.length; item++) {
          CircuitEdge edge = graph.edges().get(item);
          int row = senders.indexOf(edge.sender());
          if (row >= 0) {
            int column = graph.receivers().indexOf(edge.receiver());
            effects[item][example] = products[row * graph.receivers().size() + column];
          }
        }
      }
    }

    /** Returns for each sender and receiver the product of difference and gradient. */
    private float[] products(
        int sequence, List<CircuitNode> senders, Map<HookPoint, FloatMatrix> gradients) {
      List<FloatMatrix> values = new ArrayList<>();
      for (CircuitNode sender : senders) {
        FloatMatrix all = matrix(differences, EdgeGraph.hook(sender));
        values.add(columns(base.rows(all, sequence), graph.columns(sender)));
      }
      List<FloatMatrix> read = new ArrayList<>();
      for (EdgeReceiver receiver : graph.receivers()) {
        FloatMatrix all = matrix(gradients, graph.hook(receiver));
        read.add(columns(base.rows(all, sequence), graph.columns(receiver)));
      }
      FloatMatrix products = runs.device().floats(values.size(), read.size());
      runs.kernels()
          .matmul(products, flat(values), Operand.AS_IS, flat(read), Operand.TRANSPOSED, Write.SET);
      return runs.device().toHost(products);
    }

    /** Returns each matrix as one row. */
    private FloatMatrix flat(List<FloatMatrix> matrices) {
      FloatMatrix first = matrices.getFirst();
      FloatMatrix flat = runs.device().floats(matrices.size(), Math.toIntExact(first.size()));
      for (int i = 0; i < matrices.size(); i++) {
        runs.kernels().copy(flat.row(i).reshaped(first.rows(), first.cols()), matrices.get(i));
      }
      return flat;
    }
  }

  private static FloatMatrix columns(FloatMatrix matrix, CircuitNode.Columns columns) {
    return matrix.columnRange(columns.from(), columns.to());
  }

  private static FloatMatrix matrix(Map<HookPoint, FloatMatrix> matrices, HookPoint hook) {
    return Optional.ofNullable(matrices.get(hook)).orElseThrow();
  }
}
