package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * From where attention brings what a latent reads: its pre-activation at a token, by head and
 * source token,
 *
 * <pre>  pre-activation = sum over heads h and sources s of contribution[h, s] + constant</pre>
 */
public final class DirectFeatureAttribution {
  private final int latent;
  private final int position;
  private final double preActivation;
  private final double constant;
  private final double[][] contributions;

  /**
   * Makes the result.
   *
   * @param contributions of each head and source; kept, not copied
   */
  DirectFeatureAttribution(
      int latent, int position, double preActivation, double constant, double[][] contributions) {
    this.latent = latent;
    this.position = position;
    this.preActivation = preActivation;
    this.constant = constant;
    this.contributions = contributions;
  }

  /**
   * What one head brings from one token.
   *
   * @param head its number
   * @param source the token's place in the text
   * @param value its part of the pre-activation
   */
  public record Contribution(int head, int source, double value) {}

  /** Returns which latent. */
  public int latent() {
    return latent;
  }

  /** Returns the place of the token at which the latent was read. */
  public int position() {
    return position;
  }

  /** Returns what the encoder makes of the activation, before its activation function. */
  public double preActivation() {
    return preActivation;
  }

  /** Returns the part that no token brings: biases of the encoder, the decoder and the output. */
  public double constant() {
    return constant;
  }

  /** Returns the number of heads. */
  public int heads() {
    return contributions.length;
  }

  /** Returns the number of tokens that heads look at. */
  public int sources() {
    return contributions[0].length;
  }

  /** Returns what a head brings from a token. */
  public double of(int head, int source) {
    return contributions[head][source];
  }

  /** Returns what a head brings from all tokens. */
  public double ofHead(int head) {
    return Arrays.stream(contributions[head]).sum();
  }

  /** Returns what all heads bring from a token. */
  public double ofSource(int source) {
    return Arrays.stream(contributions).mapToDouble(head -> head[source]).sum();
  }

  /** Returns the contributions that are largest in size, the largest first. */
  public List<Contribution> largest(int count) {
    List<Contribution> all = new ArrayList<>();
    for (int head = 0; head < heads(); head++) {
      for (int source = 0; source < sources(); source++) {
        all.add(new Contribution(head, source, contributions[head][source]));
      }
    }
    all.sort(Comparator.comparingDouble((Contribution each) -> -Math.abs(each.value())));
    return all.stream().limit(count).toList();
  }
}
