package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/** Rows brought to one scale, each by itself, and back. */
public interface RowNormKernels {
  /** Columns of moments: the shift, the scale. */
  int MOMENTS = 2;

  /**
   * out[i] = (x[i] - shift[i]) / divisor[i] and moments[i] = (shift[i], scale[i]), as {@link
   * RowNorm} says; a row without extent becomes 0.
   *
   * @param out [n, d]; may be x
   * @param moments [n, 2]
   * @param x [n, d]
   */
  void normalize(FloatMatrix out, FloatMatrix moments, FloatMatrix x, RowNorm norm);

  /**
   * x[i] = scale[i] x[i] + shift[i].
   *
   * @param x [n, d]
   * @param moments [n, 2]
   */
  void restore(FloatMatrix x, FloatMatrix moments);
}
