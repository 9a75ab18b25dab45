package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Encoding in two steps for a few tokens at a time: a shortlist of latents from scores that read a
 * byte where the encoder reads a row, then the encoder's own pre-activations of those alone. A
 * token's result has the same bits whatever other tokens are with it.
 */
public interface ShortlistKernels {
  /** Latents whose levels lie together. */
  int LEVEL_PANEL = 64;

  /**
   * Row t of the shortlist = the m largest of the positive scores
   *
   * <pre>  s[j] = scales[j] q[j] + bias[j],    q[j] = sum over i of level[j, i] y[t, i]</pre>
   *
   * with s[j] as their activation, of equal ones the lowest latents. q[j] is one chain of fused
   * multiply-adds over i from first to last, its product and sum with scale and bias are rounded
   * one after the other: the bits are the same for every implementation.
   *
   * @param shortlist with room for m latents of a token, over F latents
   * @param y [n, r]
   * @param levels four whole numbers from -128 to 127 in each [ceil(F / 64), 16 r]: a row for 64
   *     latents, 16 elements a depth; bits 8 b to 8 b + 7 of element (p, 16 i + w) are level[64 p +
   *     4 w + b, i]. Those of latents from F on are not looked at
   * @param scales [1, F]
   * @param bias [1, F]
   * @param m 1 to F
   */
  void quantizedTopK(
      SparseCodes shortlist,
      FloatMatrix y,
      IntMatrix levels,
      FloatMatrix scales,
      FloatMatrix bias,
      int m);

  /**
   * Row t of the codes = the k largest positive pre-activations z[j] = x[t] . weights[j] + bias[j]
   * of the latents j of row t of the shortlist, of equal ones the lowest latents. z[j] has the bits
   * that {@link Kernels#encodeTopK} gives it.
   *
   * @param codes with room for k latents of a token
   * @param x encoder inputs [n, d]
   * @param shortlist the latents to choose from; their values are not looked at
   * @param weights a row for each latent [F, d]
   * @param bias [1, F]
   * @param k at least 1
   */
  void encodeListed(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix weights,
      FloatMatrix bias,
      int k);
}
