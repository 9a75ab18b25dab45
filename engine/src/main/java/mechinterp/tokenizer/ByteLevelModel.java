package mechinterp.tokenizer;

/** Hands the bytes of words to another model, each as its character of {@link ByteAlphabet}. */
final class ByteLevelModel implements TokenModel {
  private final TokenModel model;

  ByteLevelModel(TokenModel model) {
    this.model = model;
  }

  @Override
  public void spell(String word, TokenListener tokens) {
    String spelled = ByteAlphabet.spell(word);
    if (spelled.length() == word.length()) {
      model.spell(spelled, tokens);
    } else {
      int[] starts = characterStarts(word, spelled.length());
      model.spell(
          spelled,
          (id, from, to) -> tokens.token(id, starts[from], characterEnd(word, starts[to - 1])));
    }
  }

  /** Returns for each byte the index of the character that it belongs to. */
  private static int[] characterStarts(String word, int bytes) {
    int[] starts = new int[bytes];
    int at = 0;
    int next = 0;
    while (at < word.length()) {
      int codePoint = word.codePointAt(at);
      for (int i = utf8Length(codePoint); i > 0; i--) {
        starts[next++] = at;
      }
      at += Character.charCount(codePoint);
    }
    return starts;
  }

  private static int characterEnd(String word, int start) {
    return start + Character.charCount(word.codePointAt(start));
  }

  private static int utf8Length(int codePoint) {
    if (codePoint < 0x80) {
      return 1;
    }
    return codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }

  @Override
  public String toString() {
    return "ByteLevel[" + model + "]";
  }
}
