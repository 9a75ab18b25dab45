package mechinterp.tokenizer;

/**
 * Classes of characters, as {@code tokenizers} (Hugging Face) draws them, by the Unicode tables of
 * the JDK.
 */
final class CharacterClass {
  private CharacterClass() {}

  private static final int REPLACEMENT_CHARACTER = 0xFFFD;

  /**
   * First and last code point of each range that counts as Chinese; the gaps are the original's.
   */
  private static final int[][] CHINESE = {
    {0x4E00, 0x9FFF},
    {0x3400, 0x4DBF},
    {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F},
    {0x2B740, 0x2B81F},
    {0x2B920, 0x2CEAF},
    {0xF900, 0xFAFF},
    {0x2F800, 0x2FA1F},
  };

  /** Returns whether cleaning drops the character. */
  static boolean isDropped(int codePoint) {
    return codePoint == 0 || codePoint == REPLACEMENT_CHARACTER || isControl(codePoint);
  }

  private static boolean isControl(int codePoint) {
    if (codePoint == '\t' || codePoint == '\n' || codePoint == '\r') {
      return false;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
      default -> false;
    };
  }

  /** Returns whether the character has the Unicode property White_Space. */
  static boolean isWhitespace(int codePoint) {
    return (codePoint >= '\t' && codePoint <= '\r')
        || codePoint == 0x85
        || Character.isSpaceChar(codePoint);
  }

  static boolean isChinese(int codePoint) {
    for (int[] range : CHINESE) {
      if (codePoint >= range[0] && codePoint <= range[1]) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether the character is a word of its own: ASCII signs and Unicode punctuation. */
  static boolean isPunctuation(int codePoint) {
    if (codePoint < 0x80) {
      return codePoint > ' ' && codePoint < 0x7f && !Character.isLetterOrDigit(codePoint);
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONNECTOR_PUNCTUATION,
          Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION ->
          true;
      default -> false;
    };
  }

  static boolean isNonSpacingMark(int codePoint) {
    return Character.getType(codePoint) == Character.NON_SPACING_MARK;
  }

  /** Returns whether the character is a mark of any kind. */
  static boolean isMark(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          true;
      default -> false;
    };
  }

  /** Returns whether the character is a digit, a letter that counts or another number. */
  static boolean isNumber(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> false;
    };
  }

  /** Returns whether the character is part of a word, as {@code \w} of regular expressions. */
  static boolean isWord(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONNECTOR_PUNCTUATION, Character.DECIMAL_DIGIT_NUMBER -> true;
      default -> isMark(codePoint) || Character.isAlphabetic(codePoint) || isJoiner(codePoint);
    };
  }

  /** Zero-width joiner and non-joiner. */
  private static boolean isJoiner(int codePoint) {
    return codePoint == 0x200C || codePoint == 0x200D;
  }
}
