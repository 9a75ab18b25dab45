package mechinterp.model;

/**
 * What the residual stream begins with:
 *
 * <pre>  x = scale W_E[id] + W_pos[place] + W_token_type[0]</pre>
 *
 * of which the last two are there only where the config says so.
 *
 * @param dVocab number of token ids
 * @param nCtx the most tokens in a sequence
 * @param learnedPositions whether each place in the sequence has a vector of its own
 * @param tokenTypes number of token types that have a vector; 0 for none
 * @param scale factor of the token's vector: 1, in Gemma the root of d_model
 */
public record EmbeddingConfig(
    int dVocab, int nCtx, boolean learnedPositions, int tokenTypes, float scale) {
  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException when one is not possible
   */
  public EmbeddingConfig {
    Sizes.requirePositive("d_vocab", dVocab);
    Sizes.requirePositive("n_ctx", nCtx);
    Sizes.requireAtLeastZero("d_vocab_types", tokenTypes);
    Sizes.requirePositive("embedding scale", scale);
  }

  /** Returns the embedding of GPT-2: tokens and learned positions. */
  public static EmbeddingConfig learnedPositions(int dVocab, int nCtx) {
    return new EmbeddingConfig(dVocab, nCtx, true, 0, 1);
  }

  /** Returns the embedding of models with rotary positions: tokens alone. */
  public static EmbeddingConfig tokens(int dVocab, int nCtx) {
    return new EmbeddingConfig(dVocab, nCtx, false, 0, 1);
  }

  /** Returns the same with another factor of the token's vector. */
  public EmbeddingConfig withScale(float factor) {
    return new EmbeddingConfig(dVocab, nCtx, learnedPositions, tokenTypes, factor);
  }
}
