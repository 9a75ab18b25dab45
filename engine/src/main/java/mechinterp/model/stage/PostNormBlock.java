package mechinterp.model.stage;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.kernel.Kernels;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.model.Stage;
import mechinterp.model.StageRun;
import mechinterp.tensor.FloatMatrix;

/**
 * A block with a norm after each addition, as in BERT. Its hook points are those of
 * TransformerLens' BertBlock:
 *
 * <pre>
 *   mid = x + attention(x)          hook_resid_pre, hook_attn_out, hook_resid_mid, hook_mlp_in
 *   n = ln1(mid)
 *   post = n + mlp(n)               hook_mlp_out, hook_resid_post
 *   out = ln2(post)                 hook_normalized_resid_post
 * </pre>
 */
final class PostNormBlock implements Stage {
  private final Kernels kernels;
  private final int layer;
  private final int dModel;
  private final HookedAttention attention;
  private final HookedNorm attentionNorm;
  private final HookedMlp mlp;
  private final HookedNorm mlpNorm;
  private final HookPoint mlpInPoint;

  PostNormBlock(
      Kernels kernels,
      int layer,
      int dModel,
      HookedAttention attention,
      HookedNorm attentionNorm,
      HookedMlp mlp,
      HookedNorm mlpNorm) {
    this.kernels = kernels;
    this.layer = layer;
    this.dModel = dModel;
    this.attention = attention;
    this.attentionNorm = attentionNorm;
    this.mlp = mlp;
    this.mlpNorm = mlpNorm;
    this.mlpInPoint = HookPoint.mlpIn(layer);
  }

  @Override
  public SequencedMap<HookPoint, OptionalInt> hookPoints() {
    OptionalInt width = OptionalInt.of(dModel);
    SequencedMap<HookPoint, OptionalInt> points = new LinkedHashMap<>();
    points.put(HookPoint.residPre(layer), width);
    attention.addHookPoints(points);
    points.put(HookPoint.attnOut(layer), width);
    points.put(HookPoint.residMid(layer), width);
    points.put(mlpInPoint, width);
    attentionNorm.addHookPoints(points);
    mlp.addHookPoints(points);
    points.put(HookPoint.mlpOut(layer), width);
    points.put(HookPoint.residPost(layer), width);
    mlpNorm.addHookPoints(points);
    points.put(HookPoint.normalizedResidPost(layer), width);
    return points;
  }

  @Override
  public StageRun begin(RunMemory memory) {
    return new Run(memory);
  }

  private final class Run implements StageRun {
    private final HookedLayer.Run attentionRun;
    private final HookedNorm.Run attentionNormRun;
    private final HookedLayer.Run mlpRun;
    private final HookedNorm.Run mlpNormRun;
    private final FloatMatrix mid;
    private final FloatMatrix post;
    private final Optional<FloatMatrix> dBranch;

    private Run(RunMemory memory) {
      attentionRun = attention.begin(memory);
      attentionNormRun = attentionNorm.begin(memory);
      mlpRun = mlp.begin(memory);
      mlpNormRun = mlpNorm.begin(memory);
      mid = memory.kept("resid_mid", Matrices.BRANCH, dModel);
      post = memory.kept("resid_post", Matrices.BRANCH, dModel);
      dBranch = memory.gradients().map(d -> d.shared(Matrices.BRANCH, dModel));
    }

    @Override
    public void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks) {
      hooks.at(HookPoint.residPre(layer), x);
      if (hooks.finished()) {
        return;
      }
      forwardAttention(x, input, hooks);
      if (hooks.finished()) {
        return;
      }
      forwardMlp(input, hooks);
      mlpNormRun.forward(post, hooks);
      kernels.copy(out, mlpNormRun.output());
      hooks.at(HookPoint.normalizedResidPost(layer), out);
    }

    private void forwardAttention(FloatMatrix x, BatchInput input, Hooks hooks) {
      attentionRun.forward(mid, LayerInput.withoutNorm(x), input, hooks);
      hooks.at(HookPoint.attnOut(layer), mid);
      kernels.add(mid, x, mid);
      hooks.at(HookPoint.residMid(layer), mid);
      hooks.at(mlpInPoint, mid);
    }

    private void forwardMlp(BatchInput input, Hooks hooks) {
      attentionNormRun.forward(mid, hooks);
      FloatMatrix normed = attentionNormRun.output();
      mlpRun.forward(post, LayerInput.withoutNorm(normed), input, hooks);
      hooks.at(HookPoint.mlpOut(layer), post);
      kernels.add(post, normed, post);
      hooks.at(HookPoint.residPost(layer), post);
    }

    @Override
    public void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      hooks.at(HookPoint.normalizedResidPost(layer), gradient);
      if (hooks.finished()) {
        return;
      }
      kernels.copy(gradient, mlpNormRun.backward(gradient, post, hooks));
      backwardMlp(gradient, input, hooks);
      if (hooks.finished()) {
        return;
      }
      hooks.at(mlpInPoint, gradient);
      hooks.at(HookPoint.residMid(layer), gradient);
      backwardAttention(gradient, x, input, hooks);
      hooks.at(HookPoint.residPre(layer), gradient);
    }

    /** From the gradient with respect to post to that with respect to mid. */
    private void backwardMlp(FloatMatrix gradient, BatchInput input, Hooks hooks) {
      hooks.at(HookPoint.residPost(layer), gradient);
      FloatMatrix dMlp = dBranch.orElseThrow();
      kernels.copy(dMlp, gradient);
      hooks.at(HookPoint.mlpOut(layer), dMlp);
      LayerInput normed = LayerInput.withoutNorm(attentionNormRun.output());
      kernels.add(gradient, gradient, mlpRun.backward(dMlp, normed, input, hooks));
      kernels.copy(gradient, attentionNormRun.backward(gradient, mid, hooks));
    }

    /** From the gradient with respect to mid to that with respect to x. */
    private void backwardAttention(
        FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      FloatMatrix dAttention = dBranch.orElseThrow();
      kernels.copy(dAttention, gradient);
      hooks.at(HookPoint.attnOut(layer), dAttention);
      LayerInput read = LayerInput.withoutNorm(x);
      kernels.add(gradient, gradient, attentionRun.backward(dAttention, read, input, hooks));
    }
  }
}
