package mechinterp.tokenizer;

/** Spells words with tokens. */
sealed interface TokenModel permits BytePairModel, ByteLevelModel, ScoredPairModel, WordPieceModel {
  /** Takes the tokens of a word in order. */
  interface TokenListener {
    /** Takes a token that stands for chars {@code from} to {@code to - 1} of the word. */
    void token(int id, int from, int to);
  }

  void spell(String word, TokenListener tokens);
}
