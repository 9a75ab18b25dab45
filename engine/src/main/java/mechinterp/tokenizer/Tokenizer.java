package mechinterp.tokenizer;

import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Cuts text into tokens of a fixed vocabulary, and makes text of tokens. Implementations are
 * immutable and may be used by several threads at once.
 */
public interface Tokenizer {
  /**
   * Returns all tokens of a text, with the special tokens that the tokenizer's file puts around
   * every text, such as Llama's {@code <s>} or BERT's {@code [CLS]} and {@code [SEP]}; GPT-2's puts
   * none. The text is never cut short. Half of a surrogate pair counts as U+FFFD.
   */
  Encoding encode(String text);

  /**
   * Returns the first tokens of a text, with the special tokens that the tokenizer's file puts
   * around every text.
   *
   * @param maxTokens the most tokens to return, special ones included
   * @throws IllegalArgumentException when the special tokens alone are more
   */
  Encoding encode(String text, int maxTokens);

  /**
   * Returns all tokens of a text and nothing around them. Special tokens that the text itself
   * spells out are found all the same.
   */
  Encoding encodePlain(String text);

  /**
   * Returns the first tokens of a text, begun with {@link #bos} if there is one, also where the
   * tokenizer's file puts none: how texts are given to language models to look inside them.
   *
   * @param maxTokens the most tokens to return, special ones included
   * @throws IllegalArgumentException when the special tokens alone are more
   */
  default int[] encodeFromBos(String text, int maxTokens) {
    int[] ids = encode(text, maxTokens).ids();
    if (bos().isEmpty() || (ids.length > 0 && ids[0] == bos().getAsInt())) {
      return ids;
    }
    return IntStream.concat(
            IntStream.of(bos().getAsInt()), IntStream.of(encode(text, maxTokens - 1).ids()))
        .toArray();
  }

  /**
   * Returns the text of tokens, without the special ones. Bytes that are no UTF-8 become U+FFFD.
   *
   * @throws IllegalArgumentException when an id does not exist
   */
  default String decode(int... ids) {
    return decode(ids, SpecialTokens.OMIT);
  }

  /**
   * Returns the text of tokens. Bytes that are no UTF-8 become U+FFFD.
   *
   * @param special whether special tokens appear, as the vocabulary spells them
   * @throws IllegalArgumentException when an id does not exist
   */
  default String decode(int[] ids, SpecialTokens special) {
    TokenDecoder decoder = decoder(special);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.add(id));
    }
    return text.append(decoder.end()).toString();
  }

  /**
   * Begins a text whose tokens come one by one, as a model generates them.
   *
   * @param special whether special tokens appear, as the vocabulary spells them
   */
  TokenDecoder decoder(SpecialTokens special);

  /**
   * Returns a token as the vocabulary spells it, such as {@code ##ing} or {@code Ġthe}.
   *
   * @throws IllegalArgumentException when there is no such id
   */
  String token(int id);

  /** Returns the id of a token as the vocabulary spells it, if there is one. */
  OptionalInt id(String token);

  /** Returns the id of the token that begins a text, if the tokenizer's files name one. */
  OptionalInt bos();

  /** Returns the id of the token that ends a text, if the tokenizer's files name one. */
  OptionalInt eos();

  /** Returns whether a token is a sign for the model, such as {@code [CLS]}, and no text. */
  boolean isSpecial(int id);

  /** Returns the number of tokens; ids are 0 to this minus 1. */
  int vocabularySize();

  /**
   * Returns the kind of tokenizer and the SHA-256 of its vocabulary and settings: equal exactly for
   * tokenizers that give the same tokens.
   */
  String identity();
}
