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
 * A block whose branches begin with a norm: one branch after the other,
 *
 * <pre>
 *   mid = x + attention branch(x)            hook_resid_pre, hook_resid_mid
 *   out = mid + mlp branch(mid)              hook_resid_post
 * </pre>
 *
 * or both in parallel, without hook_resid_mid:
 *
 * <pre>  out = x + attention branch(x) + mlp branch(x)</pre>
 */
final class PreNormBlock implements Stage {
  private final Kernels kernels;
  private final int layer;
  private final int dModel;
  private final boolean parallel;
  private final Branch attention;
  private final Branch mlp;

  PreNormBlock(
      Kernels kernels, int layer, int dModel, boolean parallel, Branch attention, Branch mlp) {
    this.kernels = kernels;
    this.layer = layer;
    this.dModel = dModel;
    this.parallel = parallel;
    this.attention = attention;
    this.mlp = mlp;
  }

  @Override
  public SequencedMap<HookPoint, OptionalInt> hookPoints() {
    OptionalInt width = OptionalInt.of(dModel);
    SequencedMap<HookPoint, OptionalInt> points = new LinkedHashMap<>();
    points.put(HookPoint.residPre(layer), width);
    attention.addHookPoints(points);
    if (!parallel) {
      points.put(HookPoint.residMid(layer), width);
    }
    mlp.addHookPoints(points);
    points.put(HookPoint.residPost(layer), width);
    return points;
  }

  @Override
  public StageRun begin(RunMemory memory) {
    return new Run(memory);
  }

  /** The sum after the first branch; in parallel, x is needed beside it. */
  private FloatMatrix declareSum(RunMemory memory) {
    return parallel
        ? memory.shared("sum", dModel)
        : memory.kept("resid_mid", Matrices.RESIDUAL, dModel);
  }

  private final class Run implements StageRun {
    private final Branch.Run attentionRun;
    private final Branch.Run mlpRun;
    private final FloatMatrix sum;
    private final Optional<FloatMatrix> dSum;

    private Run(RunMemory memory) {
      attentionRun = attention.begin(memory);
      mlpRun = mlp.begin(memory);
      sum = declareSum(memory);
      dSum = memory.gradients().map(PreNormBlock.this::declareSum);
    }

    @Override
    public void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks) {
      hooks.at(HookPoint.residPre(layer), x);
      if (hooks.finished()) {
        return;
      }
      attentionRun.addTo(sum, x, x, input, hooks);
      if (!parallel) {
        hooks.at(HookPoint.residMid(layer), sum);
      }
      if (hooks.finished()) {
        return;
      }
      mlpRun.addTo(out, sum, parallel ? x : sum, input, hooks);
      hooks.at(HookPoint.residPost(layer), out);
    }

    @Override
    public void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      hooks.at(HookPoint.residPost(layer), gradient);
      if (hooks.finished()) {
        return;
      }
      if (parallel) {
        backwardInParallel(gradient, x, input, hooks);
      } else {
        backwardInSequence(gradient, x, input, hooks);
      }
      hooks.at(HookPoint.residPre(layer), gradient);
    }

    private void backwardInSequence(
        FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      kernels.add(gradient, gradient, mlpRun.backward(gradient, sum, input, hooks));
      hooks.at(HookPoint.residMid(layer), gradient);
      if (!hooks.finished()) {
        kernels.add(gradient, gradient, attentionRun.backward(gradient, x, input, hooks));
      }
    }

    private void backwardInParallel(
        FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      FloatMatrix total = dSum.orElseThrow();
      kernels.add(total, gradient, mlpRun.backward(gradient, x, input, hooks));
      if (!hooks.finished()) {
        kernels.add(gradient, total, attentionRun.backward(gradient, x, input, hooks));
      }
    }
  }
}
