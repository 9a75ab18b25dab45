package mechinterp.sae;

/** What the sparsity loss of JumpReLU counts. */
public enum JumpReluPenalty {
  /** lambda times the number of active latents (Rajamanoharan et al. 2024). */
  STEP,
  /**
   * lambda times the sum of tanh(tanh_scale f_i |W_dec[i]|), near the number of active latents
   * (Anthropic, January 2025).
   */
  TANH,
  /**
   * lambda (L0 / target_l0 - 1)^2 for each token, with the mean L0 of the batch: lambda stays as it
   * is and L0 is held from both sides (Gemma Scope 2; SAELens takes the square token by token,
   * which also draws all tokens to the same L0).
   */
  TARGET_L0
}
