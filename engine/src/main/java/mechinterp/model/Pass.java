package mechinterp.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/** The stages of a model in one run, with the residual stream between them. */
final class Pass {
  private final List<StageRun> runs = new ArrayList<>();

  /** The stream behind each stage. */
  private final List<FloatMatrix> streams = new ArrayList<>();

  private final Optional<FloatMatrix> gradient;

  /** Takes the matrices of a run. */
  Pass(List<Stage> stages, int dModel, RunMemory memory) {
    for (int i = 0; i < stages.size(); i++) {
      RunMemory own = memory.of("stage " + i);
      streams.add(own.kept("residual", "residual", dModel));
      runs.add(stages.get(i).begin(own));
    }
    gradient = memory.gradients().map(d -> d.shared("residual", dModel));
  }

  void forward(BatchInput input, Hooks hooks) {
    for (int i = 0; i < runs.size() && !hooks.finished(); i++) {
      runs.get(i).forward(streams.get(i), before(i), input, hooks);
    }
  }

  /** The embedding has nothing before it. */
  private FloatMatrix before(int stage) {
    return streams.get(Math.max(0, stage - 1));
  }

  /** Returns the stream behind the last stage. */
  FloatMatrix output() {
    return streams.getLast();
  }

  /** Goes back from the gradient with respect to the output. */
  void backward(Kernels kernels, FloatMatrix dOutput, BatchInput input, Hooks hooks) {
    FloatMatrix d = gradient.orElseThrow();
    kernels.copy(d, dOutput);
    for (int i = runs.size() - 1; i >= 0 && !hooks.finished(); i--) {
      runs.get(i).backward(d, before(i), input, hooks);
    }
  }
}
