package mechinterp.tokenizer;

/** Drops all marks (Mn, Mc, Me) of text that is decomposed already. */
record StripAccents() implements Normalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.text().codePointAt(at);
      int end = at + Character.charCount(codePoint);
      if (!CharacterClass.isMark(codePoint)) {
        out.append(text, at, end);
      }
      at = end;
    }
    return out.build();
  }
}
