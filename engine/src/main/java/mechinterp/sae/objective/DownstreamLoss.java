package mechinterp.sae.objective;

import mechinterp.tensor.FloatMatrix;

/** What becomes of the reconstructions of a batch further on: a loss, and its gradient. */
@FunctionalInterface
public interface DownstreamLoss {
  /**
   * Takes the loss of the reconstructions of the batch that was handed out last.
   *
   * @param gradient set to the derivative of the loss by the reconstructions [n, d_out]
   * @param reconstructions [n, d_out], in the scale of the batch
   * @param loss which one
   * @return the mean over the tokens of the batch's sequences
   */
  double backward(FloatMatrix gradient, FloatMatrix reconstructions, EndToEndConfig.Loss loss);
}
