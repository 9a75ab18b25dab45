package mechinterp.tokenizer;

/**
 * A token that is cut out of the raw text before anything else happens to it.
 *
 * @param id its id
 * @param content the text that stands for it
 * @param singleWord whether it must not touch other word characters
 * @param lstrip whether it takes the white space before it
 * @param rstrip whether it takes the white space behind it
 * @param special whether it is a sign for the model and no text
 */
record AddedToken(
    int id, String content, boolean singleWord, boolean lstrip, boolean rstrip, boolean special) {}
