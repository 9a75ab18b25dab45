package mechinterp.sae;

/** Which codes a {@link HybridSae} gives after training. */
public enum InferenceCodes {
  /** The encoder's own: one pass, those of a TopK autoencoder with the same weights. */
  FAST,
  /** Those of the pursuit on the encoder's shortlist. */
  FULL
}
