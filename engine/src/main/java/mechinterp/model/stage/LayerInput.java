package mechinterp.model.stage;

import mechinterp.tensor.FloatMatrix;

/**
 * What a layer of a block reads.
 *
 * @param stream the residual stream before the block's norm [tokens, d_model]
 * @param normed behind it; the stream itself where the block has no norm there
 */
record LayerInput(FloatMatrix stream, FloatMatrix normed) {
  /** Returns the input of a layer that no norm stands before. */
  static LayerInput withoutNorm(FloatMatrix x) {
    return new LayerInput(x, x);
  }
}
