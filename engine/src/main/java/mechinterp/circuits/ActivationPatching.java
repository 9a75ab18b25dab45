package mechinterp.circuits;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Activations;
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
      for (List<Patch<PatchSite>> patches :
          Patch.batches(sites, source, runs.settings().maxTokens())) {
        Patch.run(
            runs,
            effects,
            patches,
            site -> site.node().hook(),
            (patch, rows) -> copy(patch, rows, values, source));
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

  private void copy(
      Patch<PatchSite> patch, FloatMatrix into, Activations values, ExampleBatch source) {
    PatchSite site = patch.what();
    CircuitNode.Columns columns = site.node().columns(runs.model().config());
    int from = site.from();
    int to = site.to(into.rows());
    FloatMatrix value = source.rows(values.at(site.node().hook()), patch.sequence());
    runs.kernels()
        .copy(
            into.rowRange(from, to).columnRange(columns.from(), columns.to()),
            value.rowRange(from, to).columnRange(columns.from(), columns.to()));
  }
}
