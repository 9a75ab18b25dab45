package mechinterp.tokenizer;

/** Characters that text is cut at. */
enum CharacterKind {
  /** Unicode's category N. */
  NUMBER {
    @Override
    boolean has(int codePoint) {
      return CharacterClass.isNumber(codePoint);
    }
  },
  /** ASCII signs and Unicode's category P. */
  PUNCTUATION {
    @Override
    boolean has(int codePoint) {
      return CharacterClass.isPunctuation(codePoint);
    }
  },
  /** Unicode's property White_Space. */
  WHITESPACE {
    @Override
    boolean has(int codePoint) {
      return CharacterClass.isWhitespace(codePoint);
    }
  };

  abstract boolean has(int codePoint);
}
