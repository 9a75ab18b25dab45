package mechinterp.nn;

import mechinterp.tensor.FloatMatrix;

/**
 * A normalisation of rows, in the three parts between TransformerLens' hook points:
 *
 * <pre>
 *   scale = the root of the row's variance or mean square          hook_scale
 *   normalized                                                     hook_normalized
 *   out                                                            what the next layer reads
 * </pre>
 *
 * A layer norm's {@code normalized} has its gain and bias already, an RMS norm's has not; that is
 * how TransformerLens has them.
 */
public sealed interface RowNorm permits LayerNorm, RmsNorm {
  /** scale [rows, 1] = what each row of x is divided by. */
  void scale(FloatMatrix scale, FloatMatrix x);

  /** normalized = x over scale; may be x. */
  void normalize(FloatMatrix normalized, FloatMatrix x, FloatMatrix scale);

  /** out = what the next layer reads; may be the same matrix as {@code normalized}. */
  void output(FloatMatrix out, FloatMatrix normalized);

  /** out = {@link #output} of {@link #normalize}; may be x. */
  void forward(FloatMatrix out, FloatMatrix x, FloatMatrix scale);

  /** Returns whether {@code out} is {@code normalized} itself. */
  boolean normalizedIsOutput();

  /** dNormalized = the gradient of {@link #output}; may be the same matrix as dOut. */
  void outputBackward(FloatMatrix dNormalized, FloatMatrix dOut);

  /**
   * dx and dScale [rows, 1] = the gradients of {@link #normalize}, each with the other held fixed;
   * dx may be dNormalized.
   */
  void normalizeBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dNormalized,
      FloatMatrix x,
      FloatMatrix scale);

  /**
   * dx += the gradient of {@link #scale}.
   *
   * @param scale what {@link #scale} wrote
   */
  void scaleBackward(FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale);

  /**
   * Adds the gradients of {@link #output} with respect to the parameters that it uses.
   *
   * @param column scratch [rows, 1]
   */
  void addOutputGradients(FloatMatrix dOut, FloatMatrix normalized, FloatMatrix column);

  /** Adds the gradients of {@link #normalize} with respect to the parameters that it uses. */
  void addNormalizeGradients(FloatMatrix dNormalized, FloatMatrix x, FloatMatrix scale);

  /** Returns the columns of a row. */
  int width();
}
