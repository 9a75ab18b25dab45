package mechinterp.analysis;

/**
 * How often a token stands at a certain place beside or under a latent's activations.
 *
 * @param id its number in the tokenizer's vocabulary
 * @param count how often among the sampled tokens on which the latent is active
 * @param share count / the sampled tokens that have this place
 * @param lift share / the token's share of the whole store; 1 when the latent says nothing about it
 */
public record TokenLift(int id, int count, double share, double lift) {
  /** Returns share ln lift: what the token adds to the divergence from the whole store, in nats. */
  double information() {
    return share * Math.log(lift);
  }
}
