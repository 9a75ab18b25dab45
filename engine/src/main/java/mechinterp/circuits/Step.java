package mechinterp.circuits;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/** What a run for gradients changes, on its way forward and back. */
@FunctionalInterface
interface Step {
  /** Returns the edits of the run. */
  Map<HookPoint, Edit> edits(Kernels kernels);

  /** Returns the edits of gradients on the way back. */
  default Map<HookPoint, Edit> gradientEdits(Kernels kernels) {
    return Map.of();
  }

  /** Returns the step that leaves what a layer adds out of the way back. */
  static Step without(int layer) {
    return new Step() {
      @Override
      public Map<HookPoint, Edit> edits(Kernels kernels) {
        return Map.of();
      }

      @Override
      public Map<HookPoint, Edit> gradientEdits(Kernels kernels) {
        Edit zero = (gradient, _) -> kernels.fill(gradient, 0);
        return Map.of(HookPoint.attnOut(layer), zero, HookPoint.mlpOut(layer), zero);
      }
    };
  }

  /** Returns the step that changes nothing. */
  static Step none() {
    return _ -> Map.of();
  }

  /** Returns the steps of integrated gradients along a difference at a hook point. */
  static List<Step> of(
      Attribution.IntegratedGradients integrated, HookPoint moved, FloatMatrix difference) {
    return IntStream.range(0, integrated.steps())
        .mapToObj(i -> of(moved, difference, (float) integrated.alpha(i)))
        .toList();
  }

  private static Step of(HookPoint moved, FloatMatrix difference, float alpha) {
    return kernels ->
        Map.of(moved, (activation, _) -> kernels.addScaled(activation, difference, alpha));
  }
}
