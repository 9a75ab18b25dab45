package mechinterp.sae;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** A further loss with codes of its own: its share of the gradient. */
interface SparseTerm {
  /** Returns the share of W_enc. */
  SparseOuterProduct encoderTerm(FloatMatrix inputs);

  /** Returns the share of W_dec. */
  SparseOuterProduct decoderTerm();

  /** Adds the share of b_enc. */
  void addToEncoderBias(FloatMatrix gradient);

  /** Adds the share of b_dec as the decoder's bias. */
  void addToDecoderBias(FloatMatrix gradient);
}
