package mechinterp.tokenizer;

/** What becomes of special tokens when tokens become text. */
public enum SpecialTokens {
  /** They appear as the vocabulary spells them. */
  KEEP,
  /** They are left out. */
  OMIT
}
