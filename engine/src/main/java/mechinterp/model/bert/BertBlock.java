package mechinterp.model.bert;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import mechinterp.kernel.Kernels;
import mechinterp.model.BatchInput;
import mechinterp.model.Buffers;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.Stage;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightLoader;
import mechinterp.nn.Attention;
import mechinterp.nn.LayerNorm;
import mechinterp.nn.Mlp;

/**
 * A block with the layer norm after each addition:
 *
 * <pre>
 *   mid = layerNorm1(x + attention(x))
 *   out = layerNorm2(mid + mlp(mid))
 * </pre>
 *
 * Hook points are those of TransformerLens' BertBlock: {@code hook_resid_mid} and {@code
 * hook_resid_post} are the sums before their layer norms.
 */
final class BertBlock implements Stage {
  private final Kernels kernels;
  private final Attention attention;
  private final LayerNorm attentionNorm;
  private final Mlp mlp;
  private final LayerNorm mlpNorm;
  private final TransformerConfig config;
  private final int layer;

  BertBlock(TransformerConfig config, int layer, WeightLoader weights) throws IOException {
    this.config = config;
    this.layer = layer;
    kernels = weights.device().kernels();
    String name = "encoder.layer." + layer + ".";
    attention = attention(config, name + "attention.", weights);
    attentionNorm =
        weights.layerNorm(
            name + "attention.output.LayerNorm", config.dModel(), config.norm().epsilon());
    mlp =
        new Mlp(
            weights.device(),
            weights.linear(name + "intermediate.dense", config.dModel(), config.dMlp()),
            weights.linear(name + "output.dense", config.dMlp(), config.dModel()));
    mlpNorm =
        weights.layerNorm(name + "output.LayerNorm", config.dModel(), config.norm().epsilon());
  }

  private static Attention attention(TransformerConfig config, String name, WeightLoader weights)
      throws IOException {
    int heads = config.nHeads() * config.dHead();
    return new Attention(
        weights.device(),
        weights.linear(name + "self.query", config.dModel(), heads),
        weights.linear(name + "self.key", config.dModel(), heads),
        weights.linear(name + "self.value", config.dModel(), heads),
        weights.linear(name + "output.dense", heads, config.dModel()),
        config.nHeads());
  }

  @Override
  public SequencedMap<HookPoint, Integer> hookPoints() {
    int heads = config.nHeads() * config.dHead();
    SequencedMap<HookPoint, Integer> points = new LinkedHashMap<>();
    points.put(HookPoint.residPre(layer), config.dModel());
    points.put(at("attn.hook_q"), heads);
    points.put(at("attn.hook_k"), heads);
    points.put(at("attn.hook_v"), heads);
    points.put(at("attn.hook_z"), heads);
    points.put(HookPoint.attnOut(layer), config.dModel());
    points.put(HookPoint.residMid(layer), config.dModel());
    points.put(at("hook_mlp_in"), config.dModel());
    points.put(at("mlp.hook_pre"), config.dMlp());
    points.put(at("mlp.hook_post"), config.dMlp());
    points.put(HookPoint.mlpOut(layer), config.dModel());
    points.put(HookPoint.residPost(layer), config.dModel());
    points.put(HookPoint.normalizedResidPost(layer), config.dModel());
    return points;
  }

  private HookPoint at(String site) {
    return HookPoint.inBlock(layer, site);
  }

  @Override
  public void forward(Buffers buffers, BatchInput input, Hooks hooks) {
    hooks.at(HookPoint.residPre(layer), buffers.residual());
    if (hooks.finished()) {
      return;
    }
    forwardAttention(buffers, input, hooks);
    if (hooks.finished()) {
      return;
    }
    forwardMlp(buffers, hooks);
  }

  /** branch = residual + attention(residual). */
  private void forwardAttention(Buffers buffers, BatchInput input, Hooks hooks) {
    attention.project(buffers.q(), buffers.k(), buffers.v(), buffers.residual());
    hooks.at(at("attn.hook_q"), buffers.q());
    hooks.at(at("attn.hook_k"), buffers.k());
    hooks.at(at("attn.hook_v"), buffers.v());
    attention.attend(buffers.z(), buffers.q(), buffers.k(), buffers.v(), input.spans());
    hooks.at(at("attn.hook_z"), buffers.z());
    attention.output(buffers.branch(), buffers.z());
    hooks.at(HookPoint.attnOut(layer), buffers.branch());
    kernels.add(buffers.branch(), buffers.residual(), buffers.branch());
    hooks.at(HookPoint.residMid(layer), buffers.branch());
    hooks.at(at("hook_mlp_in"), buffers.branch());
  }

  /** residual = layerNorm2(mid + mlp(mid)) with mid = layerNorm1(branch). */
  private void forwardMlp(Buffers buffers, Hooks hooks) {
    attentionNorm.forward(buffers.residual(), buffers.scale(), buffers.branch());
    mlp.pre(buffers.mlp(), buffers.residual());
    hooks.at(at("mlp.hook_pre"), buffers.mlp());
    mlp.post(buffers.mlp(), buffers.mlp());
    hooks.at(at("mlp.hook_post"), buffers.mlp());
    mlp.output(buffers.branch(), buffers.mlp());
    hooks.at(HookPoint.mlpOut(layer), buffers.branch());
    kernels.add(buffers.branch(), buffers.residual(), buffers.branch());
    hooks.at(HookPoint.residPost(layer), buffers.branch());
    mlpNorm.forward(buffers.residual(), buffers.scale(), buffers.branch());
    hooks.at(HookPoint.normalizedResidPost(layer), buffers.residual());
  }
}
