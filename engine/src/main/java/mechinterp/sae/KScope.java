package mechinterp.sae;

/** What k is the number of active latents of. */
public enum KScope {
  /** Of each token: at most k latents are active on it (TopK: Gao et al. 2024). */
  TOKEN,
  /**
   * Of a token in the mean over a batch, in training; afterwards latents are active above a
   * threshold that was learned from the batches (BatchTopK: Bussmann et al. 2024).
   */
  BATCH
}
