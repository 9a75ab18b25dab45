package mechinterp.activation;

import mechinterp.tensor.FloatMatrix;

/**
 * An endless row of batches of activations in a random but fixed order: what an SAE is trained on.
 */
public interface ActivationBatches {
  /** Returns the width of an activation, d_in. */
  int dIn();

  /**
   * Fills {@code batch} [tokens, d_in] with the next tokens' activations, normalised as the data's
   * normalisation says. When the data ends, it begins again in a new order; a batch may span the
   * end.
   */
  void next(FloatMatrix batch);

  /** Returns which activations are handed out in which order: equal for equal rows of batches. */
  String identity();

  /** Returns how many tokens have been handed out, over all rounds. */
  long position();

  /** Goes on as if {@code position} tokens had been handed out. */
  void seek(long position);
}
