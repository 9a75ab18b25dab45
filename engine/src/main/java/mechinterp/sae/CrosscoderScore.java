package mechinterp.sae;

/** By what the active latents of a crosscoder are chosen; z are the pre-activations. */
public enum CrosscoderScore {
  /** By z; with unit-norm rows of all layers together by what a latent adds to all. */
  ACTIVATION,
  /**
   * By z times the sum over the layers of |W_dec_m[i]|, which favours latents that are shared out
   * over many (Minder et al. 2025, arXiv 2504.02922).
   */
  NORM_SUM
}
