package mechinterp.analysis.steering;

/** What becomes of the part of an activation that the autoencoder does not reconstruct. */
public enum ErrorTerm {
  /** It stays: without a change the model computes what it always does. */
  KEPT,

  /** It goes: the model computes with reconstructions. */
  DROPPED
}
