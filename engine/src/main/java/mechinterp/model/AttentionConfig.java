package mechinterp.model;

/**
 * What attention is in all layers; see {@link LayerAttention} for what differs.
 *
 * @param heads query heads
 * @param keyValueHeads heads of keys and values, which divide the query heads: query head h reads
 *     key and value head h / (heads / keyValueHeads)
 * @param dHead columns of a head
 * @param scale factor of q . k: usually 1 / sqrt(dHead)
 * @param causal whether a token sees only itself and the tokens before it
 * @param softCap scores become softCap tanh(score / softCap); 0 for none
 * @param queryKeyNorm whether each head of q and k goes through an RMS norm with a gain [d_head],
 *     which all heads share, before the rotation (Qwen3, Gemma 3)
 * @param inputBias whether there are b_Q, b_K and b_V
 * @param outputBias whether there is b_O
 */
public record AttentionConfig(
    int heads,
    int keyValueHeads,
    int dHead,
    float scale,
    boolean causal,
    float softCap,
    boolean queryKeyNorm,
    boolean inputBias,
    boolean outputBias) {
  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException when one is not possible
   */
  public AttentionConfig {
    Sizes.requirePositive("n_heads", heads);
    Sizes.requirePositive("n_key_value_heads", keyValueHeads);
    Sizes.requirePositive("d_head", dHead);
    Sizes.requirePositive("attention scale", scale);
    Sizes.requireAtLeastZero("attention soft cap", softCap);
    Sizes.requireProduct("n_heads", heads, "d_head", dHead);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "config: n_heads is %d, n_key_value_heads is %d; they must divide the heads"
              .formatted(heads, keyValueHeads));
    }
  }

  /** Returns plain attention: scale 1 / sqrt(dHead), as many key heads, biases everywhere. */
  public static AttentionConfig plain(int heads, int dHead, boolean causal) {
    return new AttentionConfig(
        heads, heads, dHead, (float) (1 / Math.sqrt(dHead)), causal, 0, false, true, true);
  }

  /**
   * Returns causal grouped-query attention (Ainslie et al. 2023): scale 1 / sqrt(dHead), no biases.
   */
  public static AttentionConfig grouped(int heads, int keyValueHeads, int dHead) {
    return new AttentionConfig(
        heads, keyValueHeads, dHead, (float) (1 / Math.sqrt(dHead)), true, 0, false, false, false);
  }

  /** Returns the same with another factor of q . k. */
  public AttentionConfig withScale(float factor) {
    return new AttentionConfig(
        heads, keyValueHeads, dHead, factor, causal, softCap, queryKeyNorm, inputBias, outputBias);
  }

  /** Returns the same with scores capped softly; 0 for none. */
  public AttentionConfig withSoftCap(float cap) {
    return new AttentionConfig(
        heads, keyValueHeads, dHead, scale, causal, cap, queryKeyNorm, inputBias, outputBias);
  }

  /** Returns the same with or without norms of the heads of q and k. */
  public AttentionConfig withQueryKeyNorm(boolean normed) {
    return new AttentionConfig(
        heads, keyValueHeads, dHead, scale, causal, softCap, normed, inputBias, outputBias);
  }

  /** Returns the same with or without biases of q, k and v, and of the output. */
  public AttentionConfig withBiases(boolean input, boolean output) {
    return new AttentionConfig(
        heads, keyValueHeads, dHead, scale, causal, softCap, queryKeyNorm, input, output);
  }

  /** Returns the columns of q and z. */
  public int queryWidth() {
    return heads * dHead;
  }

  /** Returns the columns of k and v. */
  public int keyValueWidth() {
    return keyValueHeads * dHead;
  }
}
