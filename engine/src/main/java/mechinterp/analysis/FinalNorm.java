package mechinterp.analysis;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/** The final norm of a model, alone. */
final class FinalNorm {
  private FinalNorm() {}

  /** Returns what the final norm makes of rows of the residual stream [rows, d_model]. */
  static FloatMatrix apply(Transformer model, FloatMatrix rows) {
    return apply(model, rows, Map.of());
  }

  /** Returns the same with a scale of 1. */
  static FloatMatrix withScaleOne(Transformer model, FloatMatrix rows) {
    Kernels kernels = model.device().kernels();
    return apply(model, rows, Map.of(FinalScale.HOOK, (scale, _) -> kernels.fill(scale, 1)));
  }

  /** Runs the model on any tokens, but the last block's output becomes the rows. */
  private static FloatMatrix apply(
      Transformer model, FloatMatrix rows, Map<HookPoint, Edit> others) {
    Kernels kernels = model.device().kernels();
    TokenBatch batch =
        TokenBatch.ofIds(IntStream.range(0, rows.rows()).mapToObj(_ -> new int[] {0}).toList());
    Map<HookPoint, Edit> edits = new HashMap<>(others);
    edits.put(
        HookPoint.residPost(model.config().nLayers() - 1),
        (residual, _) -> kernels.copy(residual, rows));
    return model.run(batch, Set.of(), edits).output();
  }
}
