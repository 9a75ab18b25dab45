package mechinterp.circuits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.kernel.Kernels;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Exact effects of nodes: each is given its value of the other prompt, everything else is computed
 * as it follows, and the metric is read again (activation or interchange patching):
 *
 * <pre>
 *   NOISING      effect = metric(clean run with the node's corrupted value) - metric(clean run)
 *   DENOISING    effect = metric(corrupted run with the node's clean value) - metric(corrupted run)
 * </pre>
 *
 * A run for each node and example, as many of them in a batch as its tokens allow. Sources: Vig et
 * al. 2020; Geiger et al. 2021; Zhang and Nanda 2023 (arXiv:2309.16042).
 */
public final class ActivationPatching {
  private final TaskRuns runs;
  private final LongConsumer progress;

  /**
   * Runs the prompts without patches.
   *
   * @param progress is told the number of patched prompts so far
   * @throws IllegalArgumentException when the model cannot read the task
   */
  public ActivationPatching(
      Transformer model, CircuitTask task, CircuitSettings settings, LongConsumer progress) {
    this.runs = new TaskRuns(model, task, settings);
    this.progress = progress;
  }

  /** Returns the metric without patches. */
  public Baseline baseline() {
    return runs.baseline();
  }

  /** Returns the memory that it takes besides the model's weights. */
  public MemoryPlan plan(List<PatchSite> sites) {
    MemoryPlan plan =
        MemoryPlan.empty("activation patching")
            .and("run", runs.model().memoryPlan(runs.settings().maxTokens()));
    return runs.withCaptures(plan, "values to put in", hooks(sites));
  }

  /**
   * Returns the effects of nodes.
   *
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public Effects<PatchSite> effects(List<PatchSite> sites) {
    plan(sites).requireFits(runs.device());
    double[][] effects = new double[sites.size()][runs.task().examples().size()];
    long done = 0;
    for (List<Integer> members : runs.chunks()) {
      ExampleBatch source = runs.source(members);
      Activations values = runs.capture(source, hooks(sites));
      for (List<Patch> patches : batches(sites, source)) {
        put(effects, patches, run(patches, source, values));
        done += patches.size();
        progress.accept(done);
      }
    }
    return new Effects<>(sites, effects, runs.baseline());
  }

  private static Set<HookPoint> hooks(List<PatchSite> sites) {
    Set<HookPoint> hooks = new LinkedHashSet<>();
    sites.forEach(site -> hooks.add(site.node().hook()));
    return hooks;
  }

  /**
   * A prompt to patch.
   *
   * @param item number of the site
   * @param example its number in the task
   * @param sequence of the example in the source batch
   */
  private record Patch(int item, PatchSite site, int example, int sequence) {}

  private List<List<Patch>> batches(List<PatchSite> sites, ExampleBatch source) {
    List<List<Patch>> batches = new ArrayList<>();
    int tokens = runs.settings().maxTokens();
    for (int item = 0; item < sites.size(); item++) {
      for (int s = 0; s < source.sequences(); s++) {
        int more = source.tokens().end(s) - source.tokens().start(s);
        if (tokens + more > runs.settings().maxTokens()) {
          batches.add(new ArrayList<>());
          tokens = 0;
        }
        tokens += more;
        batches.getLast().add(new Patch(item, sites.get(item), source.members().get(s), s));
      }
    }
    return batches;
  }

  private double[] run(List<Patch> patches, ExampleBatch source, Activations values) {
    ExampleBatch batch = runs.base(patches.stream().map(Patch::example).toList());
    Map<HookPoint, List<Integer>> places = new HashMap<>();
    for (int s = 0; s < patches.size(); s++) {
      places.computeIfAbsent(patches.get(s).site().node().hook(), _ -> new ArrayList<>()).add(s);
    }
    Map<HookPoint, Edit> edits = new HashMap<>();
    places.forEach((hook, sequences) ->
        edits.put(
            hook,
            (activation, _) -> {
              for (int s : sequences) {
                copy(patches.get(s), rows(activation, batch, s), values.at(hook), source);
              }
            }));
    return runs.run(batch, edits);
  }

  private static FloatMatrix rows(FloatMatrix activation, ExampleBatch batch, int sequence) {
    return activation.rowRange(batch.tokens().start(sequence), batch.tokens().end(sequence));
  }

  private void copy(Patch patch, FloatMatrix into, FloatMatrix values, ExampleBatch source) {
    Kernels kernels = runs.kernels();
    CircuitNode.Columns columns = patch.site().node().columns(runs.model().config());
    int from = patch.site().from();
    int to = patch.site().to(into.rows());
    FloatMatrix value = rows(values, source, patch.sequence());
    kernels.copy(
        into.rowRange(from, to).columnRange(columns.from(), columns.to()),
        value.rowRange(from, to).columnRange(columns.from(), columns.to()));
  }

  private void put(double[][] effects, List<Patch> patches, double[] metrics) {
    double[] unpatched = runs.unpatched();
    for (int s = 0; s < metrics.length; s++) {
      Patch patch = patches.get(s);
      effects[patch.item()][patch.example()] = metrics[s] - unpatched[patch.example()];
    }
  }
}
