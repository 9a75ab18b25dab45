package mechinterp.analysis;

import java.util.List;

/**
 * The tokens around a peak of a latent, without a gap and within one document.
 *
 * @param document number of the document
 * @param tokens the tokens in the order of the text
 * @param peak index in {@code tokens} of the peak
 */
public record FeatureContext(int document, List<ContextToken> tokens, int peak) {
  /** Keeps the list. */
  public FeatureContext {
    tokens = List.copyOf(tokens);
  }

  /** Returns the token of the peak. */
  public ContextToken peakToken() {
    return tokens.get(peak);
  }

  /**
   * A token of a context.
   *
   * @param id its number in the tokenizer's vocabulary
   * @param activation the latent's activation on it; 0 when it is not active
   */
  public record ContextToken(int id, float activation) {}
}
