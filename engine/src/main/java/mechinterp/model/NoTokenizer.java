package mechinterp.model;

import java.util.OptionalInt;
import mechinterp.tokenizer.Encoding;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;

/**
 * Stands for the tokenizer of a model that has none: such a model computes with ids, and refuses
 * text.
 *
 * @param reason why there is none
 */
record NoTokenizer(String reason) implements Tokenizer {
  /** Returns what to tell who needs it. */
  String refusal() {
    return "tokenizer: %s; without one a model takes ids only".formatted(reason);
  }

  private IllegalArgumentException failure() {
    return new IllegalArgumentException(refusal());
  }

  @Override
  public Encoding encode(String text) {
    throw failure();
  }

  @Override
  public Encoding encode(String text, int maxTokens) {
    throw failure();
  }

  @Override
  public Encoding encodePlain(String text) {
    throw failure();
  }

  @Override
  public TokenDecoder decoder(SpecialTokens special) {
    throw failure();
  }

  @Override
  public String token(int id) {
    throw failure();
  }

  @Override
  public OptionalInt id(String token) {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt bos() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt eos() {
    return OptionalInt.empty();
  }

  @Override
  public boolean isSpecial(int id) {
    return false;
  }

  @Override
  public int vocabularySize() {
    return 0;
  }

  @Override
  public String identity() {
    return "none";
  }
}
