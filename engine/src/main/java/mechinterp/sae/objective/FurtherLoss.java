package mechinterp.sae.objective;

import mechinterp.tensor.FloatMatrix;

/** A loss of a kind's own besides that of its codes: on a reconstruction from other codes. */
interface FurtherLoss {
  /** Returns its name among {@link SaeLoss#parts}. */
  String name();

  /**
   * Takes the loss and its gradient on the batch that was chosen from last.
   *
   * @param target what is reconstructed [batch size, d_out]
   * @param divisor what squared errors are divided by
   */
  double backward(FloatMatrix target, double divisor);

  /** Returns the codes and their share of the gradients. */
  FurtherReconstruction term();
}
