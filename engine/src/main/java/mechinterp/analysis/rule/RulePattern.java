package mechinterp.analysis.rule;

import java.util.List;

/**
 * Tokens in a row, the last of which is the one on which the latent fires or not.
 *
 * @param tokens their ids, 1 to 3
 * @param fires whether the rule says that it fires there
 * @param precision the share of the places with these tokens, and no longer pattern, at which the
 *     latent fires, on the half on which the rule was found
 */
public record RulePattern(List<Integer> tokens, boolean fires, double precision) {
  /** Keeps the list. */
  public RulePattern {
    tokens = List.copyOf(tokens);
  }

  /** Returns whether the tokens up to and with {@code ids[at]} end with this pattern. */
  public boolean endsAt(int[] ids, int at) {
    if (at + 1 < tokens.size()) {
      return false;
    }
    for (int i = 0; i < tokens.size(); i++) {
      if (ids[at + 1 - tokens.size() + i] != tokens.get(i)) {
        return false;
      }
    }
    return true;
  }
}
