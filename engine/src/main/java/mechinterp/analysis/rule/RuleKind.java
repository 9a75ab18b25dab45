package mechinterp.analysis.rule;

/** How far back a rule looks. */
public enum RuleKind {
  /** The token itself. */
  TOKENS(1),

  /** The token and up to two before it, in the same document. */
  NGRAMS(3);

  private final int order;

  RuleKind(int order) {
    this.order = order;
  }

  /** Returns the length of the longest pattern. */
  public int order() {
    return order;
  }
}
