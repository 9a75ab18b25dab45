package mechinterp.circuits;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.MlpConfig;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * The run of {@link Attribution.Relevance}: on the way forward it keeps f(pre) / pre of every
 * feed-forward layer, on the way back it puts the rules in place of gradients.
 */
final class RelevanceStep implements Step {
  private static final String PRE = "mlp.hook_pre";
  private static final String PRE_LINEAR = "mlp.hook_pre_linear";
  private static final String POST = "mlp.hook_post";
  private static final float HALF = 0.5f;

  private final Transformer model;
  private final MlpConfig mlp;
  private final boolean patternHeld;

  /** f(pre) / pre, times what f(pre) is multiplied by where the layer is gated. */
  private final Map<Integer, FloatMatrix> factors = new HashMap<>();

  private final Map<Integer, FloatMatrix> dPosts = new HashMap<>();

  /**
   * Begins.
   *
   * @param patternHeld whether attention patterns are held
   */
  RelevanceStep(Transformer model, boolean patternHeld) {
    this.model = model;
    this.mlp = model.config().mlp();
    this.patternHeld = patternHeld;
  }

  /** Returns a plan with what is kept of the feed-forward layers. */
  static MemoryPlan plan(MemoryPlan plan, TaskRuns runs) {
    long columns = 2L * runs.model().config().nLayers() * runs.model().config().dMlp();
    return plan.withMatrix("relevance of feed-forward layers", runs.tokensAtOnce(), columns);
  }

  /**
   * Checks that no way back begins or ends where the identity rule writes the gradient.
   *
   * @throws IllegalArgumentException when one does
   */
  static void requireNoneBefore(Set<HookPoint> hooks) {
    for (HookPoint hook : hooks) {
      if (hook.site().equals(PRE)) {
        throw new IllegalArgumentException(
            "edges: relevance goes past %s at once; use one gradient".formatted(hook));
      }
    }
  }

  @Override
  public Map<HookPoint, Edit> edits(Kernels kernels) {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    for (int l = 0; l < model.config().nLayers(); l++) {
      int layer = l;
      edits.put(HookPoint.inBlock(layer, PRE), (pre, _) -> factors.put(layer, ratio(kernels, pre)));
      if (mlp.gated()) {
        edits.put(
            HookPoint.inBlock(layer, PRE_LINEAR),
            (linear, _) -> kernels.multiply(factor(layer), factor(layer), linear));
      }
    }
    return edits;
  }

  private FloatMatrix factor(int layer) {
    return Optional.ofNullable(factors.get(layer)).orElseThrow();
  }

  /** Returns f(pre) / pre, and 0 where pre is 0, since nothing is handed on there. */
  private FloatMatrix ratio(Kernels kernels, FloatMatrix pre) {
    Device device = model.device();
    FloatMatrix ratio = device.floats(pre.rows(), pre.cols());
    kernels.activate(ratio, pre, mlp.activation());
    float[] above = device.toHost(ratio);
    float[] below = device.toHost(pre);
    for (int i = 0; i < above.length; i++) {
      above[i] = below[i] == 0 ? 0 : above[i] / below[i];
    }
    device.upload(ratio, above, 0);
    return ratio;
  }

  @Override
  public Map<HookPoint, Edit> gradientEdits(Kernels kernels) {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    Edit zero = (gradient, _) -> kernels.fill(gradient, 0);
    for (HookPoint hook : model.hookPoints()) {
      if (hook.site().endsWith(".hook_scale")) {
        edits.put(hook, zero);
      }
    }
    for (int layer = 0; layer < model.config().nLayers(); layer++) {
      addFeedForward(edits, layer, kernels);
      if (patternHeld) {
        edits.put(HookPoint.inBlock(layer, "attn.hook_q"), zero);
        edits.put(HookPoint.inBlock(layer, "attn.hook_k"), zero);
      }
    }
    return edits;
  }

  private void addFeedForward(Map<HookPoint, Edit> edits, int layer, Kernels kernels) {
    float share = mlp.gated() ? HALF : 1;
    edits.put(
        HookPoint.inBlock(layer, POST),
        (gradient, _) -> dPosts.put(layer, copy(kernels, gradient)));
    edits.put(
        HookPoint.inBlock(layer, PRE),
        (gradient, _) -> {
          FloatMatrix dPost = Optional.ofNullable(dPosts.remove(layer)).orElseThrow();
          kernels.multiply(gradient, dPost, factor(layer));
          kernels.scale(gradient, gradient, share);
        });
    if (mlp.gated()) {
      edits.put(
          HookPoint.inBlock(layer, PRE_LINEAR),
          (gradient, _) -> kernels.scale(gradient, gradient, HALF));
    }
  }

  private FloatMatrix copy(Kernels kernels, FloatMatrix gradient) {
    FloatMatrix copy = model.device().floats(gradient.rows(), gradient.cols());
    kernels.copy(copy, gradient);
    return copy;
  }
}
