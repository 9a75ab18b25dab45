package mechinterp.tokenizer;

import java.util.List;

/**
 * Everything that decides a WordPiece tokenizer's tokens.
 *
 * @param vocabulary all tokens, those of the model and added ones
 * @param normalizer what happens to text first
 * @param addedTokens tokens cut out of raw text
 * @param continuingPrefix what begins a token inside a word, such as {@code ##}
 * @param maxWordLength words of more code points are unknown
 * @param unknown id for words that the vocabulary cannot spell
 * @param before ids in front of every text
 * @param after ids behind every text
 */
record WordPieceSettings(
    Vocabulary vocabulary,
    BertNormalizer normalizer,
    List<AddedToken> addedTokens,
    String continuingPrefix,
    int maxWordLength,
    int unknown,
    List<Integer> before,
    List<Integer> after) {
  WordPieceSettings {
    addedTokens = List.copyOf(addedTokens);
    before = List.copyOf(before);
    after = List.copyOf(after);
  }
}
