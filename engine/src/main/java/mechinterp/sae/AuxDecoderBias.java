package mechinterp.sae;

/** Whether the auxiliary reconstruction of the residual has the decoder's bias. */
public enum AuxDecoderBias {
  /** e^ = f_dead W_dec (Gao et al. 2024; dictionary_learning; SAELens since 6.36.2). */
  EXCLUDED,
  /** e^ = f_dead W_dec + b_dec, which counts b_dec twice (EleutherAI/sparsify 1.3). */
  INCLUDED
}
