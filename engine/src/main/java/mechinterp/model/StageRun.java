package mechinterp.model;

import mechinterp.tensor.FloatMatrix;

/** A stage in one run, with the matrices that it computes in. */
public interface StageRun {
  /**
   * Makes the residual stream {@code out} of {@code x}, or of the tokens.
   *
   * @param out [tokens, d_model]; may be x
   * @param x the stream as it comes, which edits may change [tokens, d_model]
   * @param input the batch on the device
   * @param hooks called at each hook point, in their order
   */
  void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks);

  /**
   * Turns the gradient with respect to {@code out} into that with respect to {@code x}, in place,
   * and adds to the gradients of the stage's parameters. After {@link #forward}, and only in a run
   * for gradients; may be called again.
   *
   * @param gradient [tokens, d_model]
   * @param x as {@link #forward} left it
   * @param input the batch on the device
   * @param hooks called with the gradient at each hook point, in the reverse of their order
   */
  void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks);
}
