package mechinterp.tokenizer;

/**
 * A token that is cut out of text before words are.
 *
 * @param id its id
 * @param content the text that stands for it
 * @param singleWord whether it must not touch other word characters
 * @param lstrip whether it takes the white space before it
 * @param rstrip whether it takes the white space behind it
 * @param normalized whether it is looked for in the normalised text, normalised itself, and not in
 *     the raw text
 * @param special whether it is a sign for the model and no text
 */
record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {
  /** Returns this token with other content. */
  AddedToken withContent(String other) {
    return new AddedToken(id, other, singleWord, lstrip, rstrip, normalized, special);
  }
}
