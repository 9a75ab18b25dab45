package mechinterp.sae.objective;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The part of a loss that compares activations with their reconstruction, and its gradient. Call
 * {@link #decode}, then {@link #differentiate}, then the rest.
 */
interface Reconstruction {
  /**
   * Decodes a batch.
   *
   * @param inputs what was encoded [n, d_in]
   * @param x the target [n, d_out]; the same for an autoencoder
   */
  void decode(SparseCodes codes, FloatMatrix inputs, FloatMatrix x);

  /** Returns x^ - x of the whole dictionary [n, d_out], as it is until {@link #differentiate}. */
  FloatMatrix error();

  /** Returns the sum of |x - x^|^2 of the whole dictionary. */
  double squaredError();

  /** Returns what is divided by the divisor to be the loss. */
  double loss();

  /**
   * Makes the gradient of loss / divisor, and of what else is asked of the reconstruction.
   *
   * @param x the target, as it was decoded
   */
  void differentiate(FloatMatrix x, double divisor);

  /**
   * Sets out [n, capacity] to the derivative by the activation of each latent of the codes, which
   * may be others than those that were decoded.
   */
  void codeGradients(FloatMatrix out, SparseCodes codes);

  /** Returns the gradient of W_dec. */
  List<SparseOuterProduct> decoderTerms(LatentOrder order, SparseCodes codes);

  /** Returns the gradient of what all reconstructions of a token have in common [n, d_out]. */
  FloatMatrix gradient();
}
