package mechinterp.activation;

import mechinterp.tokenizer.Tokenizer;

/**
 * How a text is run through a model.
 *
 * @param maxContext the most tokens that the model sees at once, special ones included; a longer
 *     document is cut into windows that do not overlap, each with the special tokens around it
 * @param tokensPerBatch about how many tokens run at once; a batch is as many whole windows as fit
 * @param specialTokens whether to keep the activations of the special tokens around each window,
 *     such as {@code [CLS]} and {@code [SEP]}
 * @param prependBos whether each window begins with the tokenizer's begin-of-text token, if it has
 *     one, also where the tokenizer itself puts none: the first place of a text carries huge
 *     activations in most language models, and so no token of the text stands there.
 *     TransformerLens and SAELens do so by default
 * @param normalization what scale to store with the activations
 */
public record HarvestConfig(
    int maxContext,
    int tokensPerBatch,
    boolean specialTokens,
    boolean prependBos,
    Normalization.Method normalization) {
  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException when one is not positive
   */
  public HarvestConfig {
    requirePositive("max_context", maxContext);
    requirePositive("tokens_per_batch", tokensPerBatch);
  }

  /**
   * Returns windows of {@code maxContext} tokens that begin with the begin-of-text token, 4096
   * tokens a batch, neither special tokens nor scale kept.
   */
  public static HarvestConfig ofContext(int maxContext) {
    return new HarvestConfig(maxContext, 4096, false, true, Normalization.Method.NONE);
  }

  /** Returns the same with the special tokens kept or left out. */
  public HarvestConfig withSpecialTokens(boolean kept) {
    return new HarvestConfig(maxContext, tokensPerBatch, kept, prependBos, normalization);
  }

  /**
   * Returns the same with the begin-of-text token put before each window or left to the tokenizer.
   */
  public HarvestConfig withPrependBos(boolean prepended) {
    return new HarvestConfig(maxContext, tokensPerBatch, specialTokens, prepended, normalization);
  }

  /** Returns the same with another scale. */
  public HarvestConfig withNormalization(Normalization.Method method) {
    return new HarvestConfig(maxContext, tokensPerBatch, specialTokens, prependBos, method);
  }

  /** Returns what tells which tokens of a text were kept, for the data's identity. */
  String describeTokens(Tokenizer tokenizer) {
    return "contexts of %d tokens%s, %s special tokens"
        .formatted(
            maxContext,
            prependBos && tokenizer.bos().isPresent() ? " from BOS on" : "",
            specialTokens ? "with" : "without");
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(field + ": is " + value + "; it must be at least 1");
    }
  }
}
