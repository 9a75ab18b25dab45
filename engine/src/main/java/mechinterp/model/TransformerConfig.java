package mechinterp.model;

/**
 * The sizes of a transformer, of whatever family.
 *
 * @param name the model's name, such as {@code all-MiniLM-L6-v2}
 * @param nLayers number of blocks
 * @param dModel columns of the residual stream
 * @param nHeads attention heads of a block
 * @param dHead columns of a head
 * @param dMlp columns of the feed-forward layer
 * @param dVocab number of token ids
 * @param nCtx the most tokens in a sequence
 * @param dVocabTypes number of token types that have a vector, at least 1
 * @param layerNormEps what layer norms add to the variance
 */
public record TransformerConfig(
    String name,
    int nLayers,
    int dModel,
    int nHeads,
    int dHead,
    int dMlp,
    int dVocab,
    int nCtx,
    int dVocabTypes,
    float layerNormEps) {
  /**
   * Checks that all sizes are positive.
   *
   * @throws IllegalArgumentException when one is not
   */
  public TransformerConfig {
    requirePositive("n_layers", nLayers);
    requirePositive("d_model", dModel);
    requirePositive("n_heads", nHeads);
    requirePositive("d_head", dHead);
    requirePositive("d_mlp", dMlp);
    requirePositive("d_vocab", dVocab);
    requirePositive("n_ctx", nCtx);
    requirePositive("d_vocab_types", dVocabTypes);
    if ((long) nHeads * dHead > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "config: n_heads is %d, d_head is %d; their product must be less than 2^31"
              .formatted(nHeads, dHead));
    }
    if (!(layerNormEps >= 0)) {
      throw new IllegalArgumentException(
          "config: layer_norm_eps is %s; it must not be negative".formatted(layerNormEps));
    }
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "config: %s is %d; it must be at least 1".formatted(field, value));
    }
  }
}
