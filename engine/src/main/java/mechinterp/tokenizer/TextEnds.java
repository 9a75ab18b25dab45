package mechinterp.tokenizer;

import java.util.Optional;
import java.util.OptionalInt;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/**
 * The fields that name the tokens that begin and end a text, in {@code tokenizer_config.json} or
 * {@code special_tokens_map.json}: text, or an object with {@code content}.
 *
 * @param begin the field of the first
 * @param end the field of the last
 */
record TextEnds(Optional<JsonField> begin, Optional<JsonField> end) {
  /** No file names them. */
  static final TextEnds UNNAMED = new TextEnds(Optional.empty(), Optional.empty());

  static TextEnds of(JsonField root) {
    return new TextEnds(token(root.at("bos_token")), token(root.at("eos_token")));
  }

  /** Returns the text that names a token, if it is there. */
  static Optional<JsonField> token(JsonField field) {
    JsonField content = field.node().isObject() ? field.at("content") : field;
    return Optional.of(content).filter(JsonField::isPresent);
  }

  OptionalInt bos(Vocabulary vocabulary) throws FormatException {
    return id(begin, vocabulary);
  }

  OptionalInt eos(Vocabulary vocabulary) throws FormatException {
    return id(end, vocabulary);
  }

  private static OptionalInt id(Optional<JsonField> field, Vocabulary vocabulary)
      throws FormatException {
    if (field.isEmpty()) {
      return OptionalInt.empty();
    }
    OptionalInt id = vocabulary.id(field.get().text());
    field.get().require(id.isPresent(), "a token of the vocabulary");
    return id;
  }
}
