package mechinterp.sae;

/** A factor of the auxiliary loss beside alpha. */
public enum AuxScale {
  /** min(dead latents / k_aux, 1) (EleutherAI/sparsify, SAELens). */
  DEAD_SHARE,
  /** 1 (Gao et al. 2024; openai/sparse_autoencoder; dictionary_learning). */
  ONE
}
