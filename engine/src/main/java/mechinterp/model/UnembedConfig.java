package mechinterp.model;

/**
 * How the final hidden state h becomes logits: h W_U + b_U, then softly capped to softCap
 * tanh(logit / softCap).
 *
 * @param tied whether W_U is the transpose of W_E
 * @param bias whether there is b_U
 * @param softCap 0 for none
 */
public record UnembedConfig(boolean tied, boolean bias, float softCap) {
  /**
   * Checks the cap.
   *
   * @throws IllegalArgumentException when it is negative or not a number
   */
  public UnembedConfig {
    Sizes.requireAtLeastZero("final soft cap", softCap);
  }

  /** Returns an unembedding without bias and cap. */
  public static UnembedConfig plain(boolean tied) {
    return new UnembedConfig(tied, false, 0);
  }
}
