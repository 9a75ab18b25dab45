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
    /** out [tokens, d_model] = the layer of x. */
    void forward(FloatMatrix out, LayerInput x, BatchInput input, Hooks hooks);

    /** Returns whether {@link #addTo} gives the bits of {@link #forward} and an addition. */
    boolean addsExactly(Hooks hooks);

    /** sum [tokens, d_model] += the layer of x, where it {@link #addsExactly}. */
    void addTo(FloatMatrix sum, LayerInput x, BatchInput input, Hooks hooks);

    /**
     * Returns the gradient with respect to the normed x and adds to those of the parameters; what
     * goes past the norm follows with {@link #addStreamGradients}.
     */
    FloatMatrix backward(FloatMatrix dOut, LayerInput x, BatchInput input, Hooks hooks);

    /** dStream += the gradient that goes past the block's norm, after {@link #backward}. */
    void addStreamGradients(FloatMatrix dStream, LayerInput x, Hooks hooks);
  }
}
