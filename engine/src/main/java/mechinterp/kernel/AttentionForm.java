package mechinterp.kernel;

/**
 * What kind of attention a layer computes. Head h reads key/value head {@code h / (heads /
 * keyValueHeads)} (grouped-query attention, Ainslie et al. 2023).
 *
 * @param heads query heads
 * @param keyValueHeads heads of keys and values; they divide {@code heads}
 * @param scale factor of q . k, positive; mostly 1 / sqrt(d_head)
 * @param causal whether a query sees only keys up to its own position
 * @param window how many keys a query sees back, itself included (and as many ahead where attention
 *     is not causal); {@link Integer#MAX_VALUE} for all
 * @param softCap c of c tanh(score / c), which bounds the scores (Gemma 2); 0 for none
 */
public record AttentionForm(
    int heads, int keyValueHeads, float scale, boolean causal, int window, float softCap) {
  /** Checks each setting. */
  public AttentionForm {
    if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "attention: %d heads, %d key/value heads; both must be at least 1 and the second must divide the first"
              .formatted(heads, keyValueHeads));
    }
    if (!(scale > 0) || scale == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "attention: scale is %s; it must be positive and finite".formatted(scale));
    }
    if (window < 1) {
      throw new IllegalArgumentException(
          "attention: window is %d; it must be at least 1".formatted(window));
    }
    if (!(softCap >= 0) || softCap == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "attention: softCap is %s; it must be finite and not negative".formatted(softCap));
    }
  }

  /** Returns the form of BERT's attention: every query sees every key of its sequence. */
  public static AttentionForm bidirectional(int heads, float scale) {
    return new AttentionForm(heads, heads, scale, false, Integer.MAX_VALUE, 0);
  }

  /** Returns the form of GPT-2's attention: every query sees the keys up to its own position. */
  public static AttentionForm causal(int heads, int keyValueHeads, float scale) {
    return new AttentionForm(heads, keyValueHeads, scale, true, Integer.MAX_VALUE, 0);
  }

  /** Returns the key/value head that query head {@code head} reads. */
  public int keyValueHead(int head) {
    return head / (heads / keyValueHeads);
  }
}
