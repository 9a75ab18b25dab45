package mechinterp.model;

import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/**
 * The matrices in which all stages of a run compute; every block uses the same ones.
 *
 * @param residual the residual stream [tokens, d_model]
 * @param branch what a layer is about to add to it [tokens, d_model]
 * @param scale what a norm divides by [tokens, 1]
 * @param q queries [tokens, n_heads * d_head]
 * @param k keys [tokens, n_heads * d_head]
 * @param v values [tokens, n_heads * d_head]
 * @param z attention's weighted values [tokens, n_heads * d_head]
 * @param mlp the inside of the feed-forward layer [tokens, d_mlp]
 */
public record Buffers(
    FloatMatrix residual,
    FloatMatrix branch,
    FloatMatrix scale,
    FloatMatrix q,
    FloatMatrix k,
    FloatMatrix v,
    FloatMatrix z,
    FloatMatrix mlp) {

  /**
   * Allocates for batches of up to {@code tokens} tokens.
   *
   * @throws mechinterp.device.InsufficientMemoryException when they do not fit
   */
  static Buffers allocate(Device device, TransformerConfig config, int tokens) {
    return Workspace.allocate(purpose(config), device, w -> declare(w, config, tokens));
  }

  static MemoryPlan plan(Device device, TransformerConfig config, int tokens) {
    return Workspace.plan(purpose(config), device, w -> declare(w, config, tokens));
  }

  private static String purpose(TransformerConfig config) {
    return "forward pass of " + config.name();
  }

  private static Buffers declare(Workspace workspace, TransformerConfig config, int tokens) {
    int heads = config.nHeads() * config.dHead();
    return new Buffers(
        workspace.floats("residual", tokens, config.dModel()),
        workspace.floats("branch", tokens, config.dModel()),
        workspace.floats("scale", tokens, 1),
        workspace.floats("q", tokens, heads),
        workspace.floats("k", tokens, heads),
        workspace.floats("v", tokens, heads),
        workspace.floats("z", tokens, heads),
        workspace.floats("mlp", tokens, config.dMlp()));
  }

  int capacity() {
    return residual.rows();
  }

  /** Returns views of the first rows. */
  Buffers first(int tokens) {
    return new Buffers(
        residual.rowRange(0, tokens),
        branch.rowRange(0, tokens),
        scale.rowRange(0, tokens),
        q.rowRange(0, tokens),
        k.rowRange(0, tokens),
        v.rowRange(0, tokens),
        z.rowRange(0, tokens),
        mlp.rowRange(0, tokens));
  }
}
