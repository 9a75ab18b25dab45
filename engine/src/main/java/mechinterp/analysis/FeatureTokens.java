package mechinterp.analysis;

import java.util.List;

/**
 * The tokens before, on and after a latent's activations, counted over a uniform sample of the
 * tokens on which it is active. In each list those that tell most come first: by share ln lift.
 *
 * @param sampled how many tokens were sampled; all where the latent is not active on more
 * @param before those right before, in the same document
 * @param on those on which it is active
 * @param after those right behind, in the same document
 */
public record FeatureTokens(
    int sampled, List<TokenLift> before, List<TokenLift> on, List<TokenLift> after) {
  /** Keeps the lists. */
  public FeatureTokens {
    before = List.copyOf(before);
    on = List.copyOf(on);
    after = List.copyOf(after);
  }
}
