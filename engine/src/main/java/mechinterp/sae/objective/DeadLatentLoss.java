package mechinterp.sae.objective;

import mechinterp.tensor.FloatMatrix;

/** A loss that revives dead latents: by what they could add to the reconstruction. */
interface DeadLatentLoss {
  /** Returns its name among {@link SaeLoss#parts}. */
  String name();

  /**
   * Takes the loss and its gradient.
   *
   * @param inputs what the encoder multiplies
   * @param error x^ - x; kept
   * @param dead the dead latents, rising, at least one
   * @param lossDivisor what the reconstruction's squared error is divided by
   */
  double backward(FloatMatrix inputs, FloatMatrix error, int[] dead, double lossDivisor);

  /** Returns the codes and their share of the gradients. */
  FurtherReconstruction term();
}
