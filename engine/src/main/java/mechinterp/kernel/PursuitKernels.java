package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Non-negative pursuit on a shortlist: codes a of a token x over dictionary rows d_j that explain
 * it better than one pass of an encoder can. Only latents of the token's shortlist C are looked at.
 * With residual rho = x - sum of a_j d_j, at first x, and an empty list S:
 *
 * <ol>
 *   <li>In round t of R: latents whose code is 0 leave S. Those of C \ S with the largest gain
 *       &lt;rho, d_j&gt;^2 / |d_j|^2 among those with &lt;rho, d_j&gt; above 0 join it, the largest
 *       first, until S holds overshoot k t / R, rounded up. One sweep, over the new ones first: a_j
 *       = max(0, a_j + &lt;rho, d_j&gt; / |d_j|^2), with rho brought up to date each time.
 *   <li>One more sweep.
 *   <li>All but the k largest codes, or those below {@link PursuitForm#leastCode}, become 0 and
 *       give back to rho what they had taken; two sweeps.
 * </ol>
 *
 * <p>Each sweep is coordinate descent: the squared residual never rises in it. Of equal gains and
 * of equal codes the lowest latent's counts as larger. A token's result has the same bits whatever
 * other tokens are with it. For rows of norm 1 this is matching pursuit in stages (as StOMP: Donoho
 * et al. 2012) with non-negative codes. Rows of zeros are never chosen.
 */
public interface PursuitKernels {
  /** out [1, F] = 1 / |d_j|^2 for each row of the dictionary [F, d]; 0 for a row of zeros. */
  void inverseSquares(FloatMatrix out, FloatMatrix dictionary);

  /**
   * Row t of the codes = the pursuit's codes of x[t], those above 0, by rising latent.
   *
   * @param codes with room for {@link PursuitForm#mostActive} latents of a token
   * @param x [n, d]
   * @param shortlist the latents to choose from; their values are not looked at
   * @param dictionary [F, d]
   * @param inverseSquares what {@link #inverseSquares} made of the dictionary
   */
  void encode(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form);

  /**
   * The fixed point that an encoder can learn from: targets [n, capacity of the shortlist] has a_j
   * + &lt;rho, d_j&gt; / |d_j|^2 in the slot of each latent of the shortlist, with the pursuit's
   * codes and last residual, and 0 in unused slots. Where the codes are a minimum, max(0, target)
   * is the code.
   *
   * @param x [n, d]
   * @param shortlist the latents to choose from; their values are not looked at
   * @param dictionary [F, d]
   * @param inverseSquares what {@link #inverseSquares} made of the dictionary
   */
  void fixedPoint(
      FloatMatrix targets,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form);
}
