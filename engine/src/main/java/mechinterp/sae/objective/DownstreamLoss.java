package mechinterp.sae.objective;

import mechinterp.device.MemoryPlan;
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

  /**
   * Returns what taking this loss of batches of so many tokens will hold on the device, with the
   * runs of the model that it is asked of.
   */
  default MemoryPlan memoryPlan(int tokens, EndToEndConfig.Loss loss) {
    return MemoryPlan.empty("end to end");
  }
}
