package mechinterp.tokenizer;

/**
 * Makes text of tokens that come one by one. A token may be part of a character; the character
 * comes out with its last token. Not for several threads at once.
 */
public interface TokenDecoder {
  /**
   * Returns the text that is certain now that this token has come; it may be empty.
   *
   * @throws IllegalArgumentException when there is no such id
   */
  String add(int id);

  /** Returns what is left at the end: U+FFFD for a character that was never completed. */
  String end();
}
