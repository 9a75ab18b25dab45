package mechinterp.model.stage;

import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.tensor.FloatMatrix;

/** What a branch of a block computes between its norm and the residual stream. */
sealed interface HookedLayer permits HookedAttention, HookedMlp {
  /** Adds its hook points in the order of computation. */
  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points);

  /** Takes the matrices of a run. */
  Run begin(RunMemory memory);

  /** The layer in one run. */
  interface Run {
    /** out = the layer of x; both [tokens, d_model]. */
    void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks);

    /** Returns whether {@link #addTo} gives the bits of {@link #forward} and an addition. */
    boolean addsExactly(Hooks hooks);

    /** sum += the layer of x, where it {@link #addsExactly}; both [tokens, d_model]. */
    void addTo(FloatMatrix sum, FloatMatrix x, BatchInput input, Hooks hooks);

    /** Returns the gradient with respect to x and adds to those of the parameters. */
    FloatMatrix backward(FloatMatrix dOut, FloatMatrix x, BatchInput input, Hooks hooks);
  }
}
