package mechinterp.circuits.graph;

/** What may answer to a change of latents. Attention patterns are frozen in all but the last. */
public enum Freedom {
  /** Nothing: norms and the output of every MLP stay, so only direct effects are left. */
  DIRECT,

  /** Latents, in the replacement model: errors and norms stay as they are. */
  REPLACEMENT,

  /** The model's own MLPs and norms. */
  MODEL,

  /** All of the model. */
  MODEL_AND_ATTENTION
}
