package mechinterp.tokenizer;

/** Cuts text into tokens of a fixed vocabulary. Implementations are immutable. */
public interface Tokenizer {
  /**
   * Returns all tokens of a text, with the special tokens that the model expects around them. The
   * text is never cut short.
   */
  Encoding encode(String text);

  /**
   * Returns the first tokens of a text, with the special tokens that the model expects around them.
   *
   * @param maxTokens the most tokens to return, special ones included
   * @throws IllegalArgumentException when the special tokens alone are more
   */
  Encoding encode(String text, int maxTokens);

  /**
   * Returns a token as the vocabulary spells it, such as {@code ##ing}.
   *
   * @throws IllegalArgumentException when there is no such id
   */
  String token(int id);

  /** Returns whether a token is a sign for the model, such as {@code [CLS]}, and no text. */
  boolean isSpecial(int id);

  /** Returns the number of tokens; ids are 0 to this minus 1. */
  int vocabularySize();

  /**
   * Returns the kind of tokenizer and the SHA-256 of its vocabulary and settings: equal exactly for
   * tokenizers that give the same tokens.
   */
  String identity();
}
