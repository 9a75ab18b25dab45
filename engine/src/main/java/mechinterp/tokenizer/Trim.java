package mechinterp.tokenizer;

/**
 * Drops white space at the ends.
 *
 * @param left whether at the begin
 * @param right whether at the end
 */
record Trim(boolean left, boolean right) implements Normalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    int from = 0;
    int to = text.length();
    while (left && from < to && CharacterClass.isWhitespace(text.text().charAt(from))) {
      from++;
    }
    while (right && to > from && CharacterClass.isWhitespace(text.text().charAt(to - 1))) {
      to--;
    }
    AlignedText.Builder out = new AlignedText.Builder(to - from);
    out.append(text, from, to);
    return out.build();
  }
}
