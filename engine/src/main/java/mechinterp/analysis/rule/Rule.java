package mechinterp.analysis.rule;

import java.util.Comparator;
import java.util.List;

/**
 * Says on which tokens a latent fires: at a token the longest pattern that ends there decides;
 * where none does, it does not fire. A shorter pattern that fires may so have longer exceptions.
 *
 * @param patterns those that fire first, the most precise first
 */
public record Rule(List<RulePattern> patterns) {
  /** Keeps the list. */
  public Rule {
    patterns = List.copyOf(patterns);
  }

  /**
   * Returns what the rule says of a token.
   *
   * @param ids the tokens of a document, or of a part of it
   * @param at which of them
   */
  public boolean fires(int[] ids, int at) {
    return patterns.stream()
        .filter(pattern -> pattern.endsAt(ids, at))
        .max(Comparator.comparingInt(pattern -> pattern.tokens().size()))
        .map(RulePattern::fires)
        .orElse(false);
  }
}
