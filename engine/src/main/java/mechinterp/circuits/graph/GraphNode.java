package mechinterp.circuits.graph;

/** A node of an attribution graph. */
public sealed interface GraphNode {
  /** Returns the place of its token in the prompt, from 0 on. */
  int position();

  /**
   * Returns whether it has inputs of its own: latents and logits have, tokens and errors do not.
   */
  default boolean isTarget() {
    return this instanceof Latent || this instanceof Logit;
  }

  /**
   * An active latent.
   *
   * @param layer of its transcoder
   * @param activation what it is on the prompt
   */
  record Latent(int layer, int position, int latent, double activation) implements GraphNode {}

  /**
   * What a transcoder does not make of the output of a layer's MLP; of a layer without one all of
   * it.
   */
  record ReconstructionError(int layer, int position) implements GraphNode {}

  /** The embedding of a token of the prompt. */
  record Token(int position, int id) implements GraphNode {}

  /**
   * A token that may come next: its logit less the mean of all logits, before any cap.
   *
   * @param position the last of the prompt
   * @param probability of the token
   */
  record Logit(int position, int id, double probability) implements GraphNode {}
}
