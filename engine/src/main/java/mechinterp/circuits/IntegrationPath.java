package mechinterp.circuits;

/** What goes step by step from the value of one prompt to that of the other. */
public enum IntegrationPath {
  /** Each hook point's activation by itself, so each has runs of its own. */
  ACTIVATIONS,
  /** The embeddings, in the same runs for all nodes. */
  INPUTS
}
