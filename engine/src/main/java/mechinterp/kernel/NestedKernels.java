package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Decoding and gradients of the latents {@code first} to {@code end - 1} alone: what losses on
 * prefixes of a dictionary are made of (Matryoshka: Bussmann et al. 2025, arXiv 2503.17547).
 */
public interface NestedKernels {
  /**
   * out[t] += sum over the active latents i of token t with first &lt;= i &lt; end of f[t, i]
   * decoder[i].
   *
   * @param out [n, d]
   * @param codes of n tokens
   * @param decoder [F, d]
   */
  void addLatents(FloatMatrix out, SparseCodes codes, int first, int end, FloatMatrix decoder);

  /**
   * out[t, slot] = dOut[t] . decoder[i] for the slots of latents i with first &lt;= i &lt; end; the
   * other slots stay as they are.
   *
   * @param out [n, capacity]
   * @param codes of n tokens
   * @param dOut [n, d]
   * @param decoder [F, d]
   */
  void codeGradients(
      FloatMatrix out,
      SparseCodes codes,
      int first,
      int end,
      FloatMatrix dOut,
      FloatMatrix decoder);
}
