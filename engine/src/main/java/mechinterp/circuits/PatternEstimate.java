package mechinterp.circuits;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.circuits.CircuitNode.Part;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Activations;
import mechinterp.model.AttentionConfig;
import mechinterp.model.Edit;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.TransformerConfig;
import mechinterp.tensor.FloatMatrix;

/**
 * Estimates of queries or keys by the patterns that they make, computed exactly, and the gradient
 * of the patterns: all layers' queries are replaced in one run, in which each layer's output stays
 * as it was, so that no layer sees the change of another.
 */
final class PatternEstimate {
  private final TaskRuns runs;
  private final TransformerConfig config;
  private final ExampleBatch base;
  private final Part part;
  private final Activations before;
  private final Activations patched;
  private final Activations gradients;

  /**
   * Runs the prompts.
   *
   * @param part queries or keys
   * @param differences of these at each layer, source - base
   */
  PatternEstimate(
      TaskRuns runs, ExampleBatch base, Part part, Map<HookPoint, FloatMatrix> differences) {
    this.runs = runs;
    this.config = runs.model().config();
    this.base = base;
    this.part = part;
    requireFits();
    Set<HookPoint> outputs = hooks("attn.hook_z");
    Set<HookPoint> wanted = new LinkedHashSet<>(patterns());
    wanted.addAll(outputs);
    before = runs.capture(base, wanted);
    Map<HookPoint, Edit> edits = new HashMap<>();
    differences.forEach((hook, difference) ->
        edits.put(hook, (activation, _) -> runs.kernels().addScaled(activation, difference, 1)));
    outputs.forEach(hook ->
        edits.put(hook, (activation, _) -> runs.kernels().copy(activation, before.at(hook))));
    patched = runs.model().capture(base.tokens(), patterns(), edits);
    gradients = gradients();
  }

  /** Patterns have a column for each head and key, and are there three times. */
  private void requireFits() {
    long columns = 3L * config.nLayers() * config.nHeads() * base.tokens().longestSequence();
    MemoryPlan.empty("exact softmax")
        .withMatrix("patterns", base.tokens().tokens(), columns)
        .requireFits(runs.device());
  }

  private Activations gradients() {
    try (GradientRun run = runs.model().runForGradients(base.tokens())) {
      return run.backward(runs.metric().gradient(base, run.output()), patterns(), Map.of());
    }
  }

  private Set<HookPoint> patterns() {
    return hooks("attn.hook_pattern");
  }

  private Set<HookPoint> hooks(String site) {
    Set<HookPoint> hooks = new LinkedHashSet<>();
    for (int layer = 0; layer < config.nLayers(); layer++) {
      hooks.add(HookPoint.inBlock(layer, site));
    }
    return hooks;
  }

  /** Adds up what positions of a layer's heads do, into the effects of the nodes at these sites. */
  void put(double[][] effects, List<PatchSite> sites) {
    for (int layer = 0; layer < config.nLayers(); layer++) {
      HookPoint hook = HookPoint.inBlock(layer, "attn.hook_pattern");
      FloatMatrix product = runs.difference(patched.at(hook), before.at(hook));
      runs.kernels().multiply(product, product, gradients.at(hook));
      float[] products = runs.device().toHost(product);
      for (int item = 0; item < sites.size(); item++) {
        if (sites.get(item).node() instanceof CircuitNode.HeadPart(int of, int head, Part its)
            && of == layer
            && its == part) {
          put(effects[item], sites.get(item), head, products, product.cols());
        }
      }
    }
  }

  private void put(double[] effects, PatchSite site, int head, float[] products, int cols) {
    AttentionConfig attention = config.attention();
    int heads = part == Part.K ? attention.keyValueHeads() : attention.heads();
    int width = cols / heads;
    CircuitNode.Columns columns = new CircuitNode.Columns(head * width, (head + 1) * width);
    site.sum(effects, base, products, cols, columns);
  }
}
