package mechinterp.tokenizer;

import java.util.Arrays;
import org.eclipse.collections.impl.list.mutable.primitive.IntArrayList;

/**
 * The tokens of words that came before: one word for each of a fixed number of places, which the
 * next word of the same place takes over. Several threads may use it at once: words never change,
 * and at worst a word is spelled twice.
 */
final class WordCache {
  /** Longer words are spelled each time. */
  static final int LONGEST = 48;

  private static final int PLACES = 1 << 15;

  private final TokenModel model;
  private final Word[] places = new Word[PLACES];

  WordCache(TokenModel model) {
    this.model = model;
    Arrays.fill(places, new Word("", new int[0]));
  }

  /**
   * A word and, for each of its tokens, id, first char and the one behind the last.
   *
   * @param text the word
   * @param tokens three numbers a token
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and read only here and by its user
  record Word(String text, int[] tokens) {}

  /** Returns the tokens of chars {@code from} to {@code to - 1}. */
  Word word(String text, int from, int to) {
    int place = place(text, from, to);
    Word known = places[place];
    int length = to - from;
    if (known.text.length() == length && text.startsWith(known.text, from)) {
      return known;
    }
    String word = text.substring(from, to);
    IntArrayList tokens = new IntArrayList();
    model.spell(word, (id, start, end) -> tokens.addAll(id, start, end));
    Word spelled = new Word(word, tokens.toArray());
    places[place] = spelled;
    return spelled;
  }

  private static int place(String text, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + text.charAt(i);
    }
    return (hash * 0x9E3779B9) >>> (Integer.SIZE - 15);
  }
}
