package mechinterp.tokenizer;

import org.eclipse.collections.impl.list.mutable.primitive.IntArrayList;

/**
 * Spells a word from the left by the longest tokens that there are (BERT's WordPiece).
 *
 * <p>Source: Schuster and Nakajima, "Japanese and Korean voice search", ICASSP 2012; Devlin et al.,
 * "BERT", 2019.
 */
final class WordPieceModel implements TokenModel {
  private final Vocabulary vocabulary;
  private final String continuingPrefix;
  private final int maxWordLength;
  private final int unknown;
  private final int longest;

  /**
   * Makes a model.
   *
   * @param vocabulary its tokens
   * @param continuingPrefix what begins a token inside a word, such as {@code ##}
   * @param maxWordLength words of more code points are unknown
   * @param unknown id for words that the vocabulary cannot spell
   */
  WordPieceModel(Vocabulary vocabulary, String continuingPrefix, int maxWordLength, int unknown) {
    this.vocabulary = vocabulary;
    this.continuingPrefix = continuingPrefix;
    this.maxWordLength = maxWordLength;
    this.unknown = unknown;
    this.longest =
        vocabulary.modelIds().stream().map(id -> vocabulary.token(id).length()).max().orElse(0);
  }

  @Override
  public void spell(String word, TokenListener tokens) {
    IntArrayList spelled = new IntArrayList();
    if (word.codePointCount(0, word.length()) > maxWordLength || !spell(word, spelled)) {
      tokens.token(unknown, 0, word.length());
      return;
    }
    for (int i = 0; i < spelled.size(); i += 2) {
      int from = i == 0 ? 0 : spelled.get(i - 1);
      tokens.token(spelled.get(i), from, spelled.get(i + 1));
    }
  }

  /** Adds the id and the end of each token. */
  private boolean spell(String word, IntArrayList spelled) {
    int start = 0;
    while (start < word.length()) {
      String prefix = start == 0 ? "" : continuingPrefix;
      int end = Math.min(word.length(), start + longest);
      int id = vocabulary.modelId(prefix + word.substring(start, end));
      while (id == Vocabulary.NONE && end > start + 1) {
        end--;
        id = vocabulary.modelId(prefix + word.substring(start, end));
      }
      if (id == Vocabulary.NONE) {
        return false;
      }
      spelled.add(id);
      spelled.add(end);
      start = end;
    }
    return true;
  }

  @Override
  public String toString() {
    return "WordPiece[" + continuingPrefix + ", " + maxWordLength + ", " + unknown + "]";
  }
}
