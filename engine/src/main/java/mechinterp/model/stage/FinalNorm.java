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
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;

/** The norm after the last block: what it makes is the final hidden state. */
final class FinalNorm implements Stage {
  private final Kernels kernels;
  private final RowNorm plain;
  private final HookedNorm norm;

  FinalNorm(Kernels kernels, RowNorm norm) {
    this.kernels = kernels;
    this.plain = norm;
    this.norm = HookedNorm.ofRows(norm, "ln_final", Place.outside());
  }

  @Override
  public SequencedMap<HookPoint, OptionalInt> hookPoints() {
    SequencedMap<HookPoint, OptionalInt> points = new LinkedHashMap<>();
    norm.addHookPoints(points);
    return points;
  }

  @Override
  public Optional<RowNorm> norm() {
    return Optional.of(plain);
  }

  @Override
  public StageRun begin(RunMemory memory) {
    return new Run(norm.begin(memory));
  }

  private final class Run implements StageRun {
    private final HookedNorm.Run normRun;

    private Run(HookedNorm.Run normRun) {
      this.normRun = normRun;
    }

    @Override
    public void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks) {
      normRun.forward(x, hooks);
      kernels.copy(out, normRun.output());
    }

    @Override
    public void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      kernels.copy(gradient, normRun.backward(gradient, x, hooks));
    }
  }
}
