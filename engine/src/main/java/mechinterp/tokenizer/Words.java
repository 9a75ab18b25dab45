package mechinterp.tokenizer;

/**
 * The words of a normalised text by BERT's rule: white space separates, each punctuation character
 * is a word.
 */
final class Words {
  /** Takes the word of code points {@code from} to {@code to - 1}. */
  interface WordListener {
    void word(int from, int to);
  }

  private Words() {}

  static void forEach(NormalizedText text, WordListener words) {
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      int codePoint = text.codePoint(i);
      boolean punctuation = CharacterClass.isPunctuation(codePoint);
      if (punctuation || CharacterClass.isWhitespace(codePoint)) {
        give(start, i, words);
        give(i, punctuation ? i + 1 : i, words);
        start = i + 1;
      }
    }
    give(start, text.length(), words);
  }

  private static void give(int from, int to, WordListener words) {
    if (from < to) {
      words.word(from, to);
    }
  }
}
