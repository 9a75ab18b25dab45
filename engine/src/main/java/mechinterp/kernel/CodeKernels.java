package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Arithmetic on the slots of codes with numbers of their latents: what penalties, straight-through
 * gradients and gated encoders are made of. Norms, scales and shifts are columns [F, 1].
 */
public interface CodeKernels {
  /**
   * sums[t] = sum over the active latents i of token t of phi(f[t, i] norms[i]).
   *
   * @param sums [n, 1]
   * @param norms [F, 1]
   */
  void penalties(FloatMatrix sums, SparseCodes codes, FloatMatrix norms, PenaltyShape phi);

  /**
   * The gradient of factor times the sum of {@link #penalties}, with u = f[t, i] norms[i]:
   *
   * <pre>
   *   byCode[t, slot] += factor phi'(u) norms[i]              the derivative by f[t, i]
   *   byRow[t, slot]   = factor phi'(u) f[t, i] / norms[i]    that by decoder row i, a multiple of it
   * </pre>
   *
   * byRow is 0 where the norm is; slots without a latent stay as they are.
   *
   * @param byCode [n, capacity]
   * @param byRow [n, capacity]
   * @param norms of the rows of the decoder [F, 1]
   */
  void penaltyGradients(
      FloatMatrix byCode,
      FloatMatrix byRow,
      SparseCodes codes,
      FloatMatrix norms,
      PenaltyShape phi,
      float factor);

  /**
   * out[t, slot] = scales[i] x[t, slot] + shift in the slots of active latents i; the others stay
   * as they are.
   *
   * @param out [n, capacity]; may be x
   * @param scales [F, 1]
   */
  void scaleSlots(
      FloatMatrix out, SparseCodes codes, FloatMatrix x, FloatMatrix scales, float shift);

  /**
   * Divides pre-activations z[t, i] above thresholds[i] - width / 2: the codes keep those above
   * thresholds[i], and the band has those less than width / 2 away from it, with z as the
   * activation of those above and 0 of the others. What straight-through gradients of thresholds
   * are made of (Rajamanoharan et al. 2024, arXiv 2407.14435).
   *
   * @param band of the shape of the codes
   * @param codes changed in place
   * @param thresholds [F, 1]
   */
  void splitAtThresholds(SparseCodes band, SparseCodes codes, FloatMatrix thresholds, float width);

  /**
   * Row t of out = the latents i of row t of the codes for which f[t, i] scales[i] + shifts[i] is
   * positive, with that as their activation.
   *
   * @param out of the shape of the codes; may be the codes
   * @param scales [F, 1]
   * @param shifts [F, 1]
   */
  void affine(SparseCodes out, SparseCodes codes, FloatMatrix scales, FloatMatrix shifts);

  /**
   * Row rows[j] of out = row j of the codes, with firstLatent added to the indices: brings codes of
   * some tokens over some latents to their places among all.
   *
   * @param out with room for the codes; its other rows stay as they are
   * @param codes over at most as many latents as out has from firstLatent on
   * @param rows [1, rows of the codes], each in 0 to rows of out - 1 and there once
   */
  void scatter(SparseCodes out, SparseCodes codes, IntMatrix rows, int firstLatent);

  /**
   * Row t of out = the rows t of some codes, one behind the other; the indices of each have the
   * latents of those before it added: codes of several dictionaries as those of one.
   *
   * @param out with room for all of them, over as many latents as all have together
   * @param parts of as many rows as out
   */
  void concatenate(SparseCodes out, List<SparseCodes> parts);

  /**
   * out[t] = factors[t] x[t], for every row t: a number of each token.
   *
   * @param out of the shape of x; may be x
   * @param factors [rows of x, 1]
   */
  void scaleRows(FloatMatrix out, FloatMatrix x, FloatMatrix factors);
}
