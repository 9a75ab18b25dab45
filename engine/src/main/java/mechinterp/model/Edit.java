package mechinterp.model;

import mechinterp.tensor.FloatMatrix;

/** Changes an activation in the middle of a run; all that follows sees the change. */
@FunctionalInterface
public interface Edit {
  /**
   * Changes the activation in place, through the kernels or uploads of the model's device.
   *
   * @param activation [tokens, width of the hook point]; its memory is used again when the edit
   *     returns
   * @param batch whose tokens the rows are
   */
  void apply(FloatMatrix activation, TokenBatch batch);

  /** Returns an edit that makes this one and then another one. */
  default Edit then(Edit next) {
    return (activation, batch) -> {
      apply(activation, batch);
      next.apply(activation, batch);
    };
  }
}
