package mechinterp.sae.objective;

import java.util.List;
import mechinterp.tensor.FloatMatrix;

/** A loss of a kind's own besides that of its codes: on reconstructions from other codes. */
interface FurtherLoss {
  /** Returns its name among {@link SaeLoss#parts}. */
  String name();

  /**
   * Takes the loss and its gradient on the batch that was chosen from last.
   *
   * @param inputs what was encoded [batch size, d_in]
   * @param target what is reconstructed [batch size, d_out]
   * @param divisor what squared errors are divided by
   */
  double backward(FloatMatrix inputs, FloatMatrix target, double divisor);

  /** Returns the codes and their share of the gradients. */
  List<FurtherReconstruction> terms();
}
