package mechinterp.experiments.report;

import java.util.List;

/**
 * One latent for people to look at.
 *
 * @param latent its number
 * @param activeTokens tokens on which it is active
 * @param density their share of all tokens
 * @param meanActivation mean over the tokens on which it is active
 * @param maxActivation its largest activation
 * @param encoderDecoderCosine cosine of its encoder and decoder directions
 * @param topTokens the tokens on which its top contexts peak, the most frequent first
 * @param promoted the tokens that its decoder row makes more likely by itself, the most so first;
 *     empty where the model predicts no tokens
 * @param suppressed the tokens that it makes less likely, the most so first
 * @param neighbours the latents with the most similar decoder rows, the most similar first
 * @param histogram counts of its activations by size
 * @param histogramRange from where to where the histogram goes and how
 * @param contexts where it is most active, the strongest first
 */
public record FeatureCard(
    int latent,
    long activeTokens,
    double density,
    double meanActivation,
    double maxActivation,
    double encoderDecoderCosine,
    List<TokenCount> topTokens,
    List<String> promoted,
    List<String> suppressed,
    List<Neighbour> neighbours,
    List<Long> histogram,
    String histogramRange,
    List<Context> contexts) {

  /** Keeps the lists. */
  public FeatureCard {
    topTokens = List.copyOf(topTokens);
    promoted = List.copyOf(promoted);
    suppressed = List.copyOf(suppressed);
    neighbours = List.copyOf(neighbours);
    histogram = List.copyOf(histogram);
    contexts = List.copyOf(contexts);
  }

  /** A token and how often it was meant. */
  public record TokenCount(String token, long count) {}

  /**
   * A latent near another.
   *
   * @param latent its number
   * @param cosine of the decoder rows
   * @param token its most frequent top token; empty when it has none
   */
  public record Neighbour(int latent, double cosine, String token) {}

  /**
   * Tokens around a peak.
   *
   * @param tokens the tokens in their order
   * @param peak which of them is the peak
   * @param source the document
   */
  public record Context(List<ContextToken> tokens, int peak, String source) {
    /** Keeps the list. */
    public Context {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * A token of a context.
   *
   * @param text as it is written
   * @param spaceBefore whether a space separates it from the token before
   * @param activation of the latent, 0 when it is not active
   */
  public record ContextToken(String text, boolean spaceBefore, double activation) {}
}
