package mechinterp.circuits;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import mechinterp.model.Activations;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.tensor.FloatMatrix;

/** The mean over steps of the metric's gradients at hook points. */
final class GradientMean {
  private final TaskRuns runs;
  private final Set<HookPoint> hooks;
  private final int steps;
  private final Map<HookPoint, FloatMatrix> gradients = new LinkedHashMap<>();

  GradientMean(TaskRuns runs, Set<HookPoint> hooks, int steps) {
    this.runs = runs;
    this.hooks = hooks;
    this.steps = steps;
  }

  /** Adds the gradients of a run on prompts. */
  void add(ExampleBatch batch, Step step) {
    try (GradientRun run =
        runs.model().runForGradients(batch.tokens(), Set.of(), step.edits(runs.kernels()))) {
      FloatMatrix dOutput = runs.metric().gradient(batch, run.output());
      Activations found = run.backward(dOutput, hooks, step.gradientEdits(runs.kernels()));
      for (HookPoint hook : hooks) {
        FloatMatrix gradient = found.at(hook);
        FloatMatrix sum =
            gradients.computeIfAbsent(
                hook, _ -> runs.device().floats(gradient.rows(), gradient.cols()));
        runs.kernels().addScaled(sum, gradient, 1f / steps);
      }
    }
  }

  /** Returns the means [tokens, width], of all steps. */
  Map<HookPoint, FloatMatrix> gradients() {
    return gradients;
  }
}
