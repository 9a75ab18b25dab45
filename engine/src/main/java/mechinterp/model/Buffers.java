package mechinterp.model;

import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.tensor.FloatMatrix;

/**
 * The matrices in which all stages of a run compute; every block uses the same ones.
 *
 * @param residual the residual stream [tokens, d_model]
 * @param branch what a layer is about to add to it [tokens, d_model]
 * @param q queries [tokens, n_heads * d_head]
 * @param k keys [tokens, n_heads * d_head]
 * @param v values [tokens, n_heads * d_head]
 * @param z attention's weighted values [tokens, n_heads * d_head]
 * @param mlp the inside of the feed-forward layer [tokens, d_mlp]
 */
public record Buffers(
    FloatMatrix residual,
    FloatMatrix branch,
    FloatMatrix q,
    FloatMatrix k,
    FloatMatrix v,
    FloatMatrix z,
    FloatMatrix mlp) {

  static Buffers allocate(Device device, TransformerConfig config, int tokens) {
    int heads = config.nHeads() * config.dHead();
    return new Buffers(
        device.floats(tokens, config.dModel()),
        device.floats(tokens, config.dModel()),
        device.floats(tokens, heads),
        device.floats(tokens, heads),
        device.floats(tokens, heads),
        device.floats(tokens, heads),
        device.floats(tokens, config.dMlp()));
  }

  static MemoryPlan plan(TransformerConfig config, int tokens) {
    long heads = (long) config.nHeads() * config.dHead();
    return MemoryPlan.empty("forward pass of " + config.name())
        .withMatrix("residual stream", tokens, 2L * config.dModel())
        .withMatrix("attention", tokens, 4 * heads)
        .withMatrix("mlp", tokens, config.dMlp());
  }

  int capacity() {
    return residual.rows();
  }

  /** Returns views of the first rows. */
  Buffers first(int tokens) {
    return new Buffers(
        residual.rowRange(0, tokens),
        branch.rowRange(0, tokens),
        q.rowRange(0, tokens),
        k.rowRange(0, tokens),
        v.rowRange(0, tokens),
        z.rowRange(0, tokens),
        mlp.rowRange(0, tokens));
  }
}
