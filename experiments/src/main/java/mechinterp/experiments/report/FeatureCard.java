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
 * @param intervals samples from intervals of its activation, the strongest first
 * @param before the tokens right before its activations, those that tell most first
 * @param on the tokens on which it is active
 * @param after the tokens right behind
 * @param together the latents that are active where it is, those that tell most first
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
    List<Context> contexts,
    List<Interval> intervals,
    List<TokenLift> before,
    List<TokenLift> on,
    List<TokenLift> after,
    List<Together> together) {

  /** Keeps the lists. */
  public FeatureCard {
    topTokens = List.copyOf(topTokens);
    promoted = List.copyOf(promoted);
    suppressed = List.copyOf(suppressed);
    neighbours = List.copyOf(neighbours);
    histogram = List.copyOf(histogram);
    contexts = List.copyOf(contexts);
    intervals = List.copyOf(intervals);
    before = List.copyOf(before);
    on = List.copyOf(on);
    after = List.copyOf(after);
    together = List.copyOf(together);
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
   * A token beside or under a latent's activations.
   *
   * @param share how much of these places it has
   * @param lift its share divided by its share of the whole text
   */
  public record TokenLift(String token, double share, double lift) {}

  /**
   * A latent that is active where this one is.
   *
   * @param latent its number
   * @param share P(it | this one)
   * @param lift the share divided by its density
   * @param reverseShare P(this one | it)
   * @param token its most frequent top token; empty when it has none
   */
  public record Together(
      int latent, double share, double lift, double reverseShare, String token) {}

  /**
   * Samples from an interval of the activation.
   *
   * @param from least activation
   * @param to activations are below it
   * @param activeTokens how many tokens it has in all
   * @param contexts of the samples, the strongest first
   */
  public record Interval(double from, double to, long activeTokens, List<Context> contexts) {
    /** Keeps the list. */
    public Interval {
      contexts = List.copyOf(contexts);
    }
  }

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
