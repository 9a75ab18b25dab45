package mechinterp.analysis;

import java.util.List;

/**
 * How much the top contexts of a latent agree: on the token of their peak, and on what the model
 * made of it.
 *
 * @param latent its number
 * @param agreement sum over the tokens v that are the peak of at least two contexts of p(v) ln
 *     (p(v) / q(v)), in nats: p is the share of the contexts, q that of all tokens of the store.
 *     High when few tokens, rare elsewhere, are behind the contexts; 0 when no two agree
 * @param coherence mean cosine between the activations at two different peaks, from which the mean
 *     activation of the store was subtracted; 0 with a single peak
 * @param peakTokens the tokens of the peaks with their counts, the most frequent first, equal ones
 *     by id
 */
public record FeatureInterest(
    int latent, double agreement, double coherence, List<TokenCount> peakTokens) {
  /** Keeps the list. */
  public FeatureInterest {
    peakTokens = List.copyOf(peakTokens);
  }

  /**
   * Returns what latents are ranked by: {@link #agreement} times {@link #coherence}, at least 0.
   * Tokens that have nothing in common agree as well as others, but are not coherent.
   */
  public double score() {
    return agreement * Math.max(0, coherence);
  }

  /** Returns the share of the contexts whose peak is the most frequent token. */
  public double topTokenShare() {
    long contexts = peakTokens.stream().mapToLong(TokenCount::count).sum();
    return (double) peakTokens.getFirst().count() / contexts;
  }

  /**
   * How often a token occurs.
   *
   * @param id its number in the tokenizer's vocabulary
   * @param count how often
   */
  public record TokenCount(int id, int count) {}
}
