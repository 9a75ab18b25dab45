package mechinterp.sae;

/** Whether the auxiliary loss of a gated autoencoder teaches the decoder, too. */
public enum AuxiliaryDecoder {
  /**
   * Its decoder is a copy that has no gradient (Rajamanoharan et al. 2024; dictionary_learning).
   */
  FROZEN,
  /** W_dec and b_dec have its gradient (SAELens 6). */
  TRAINED
}
