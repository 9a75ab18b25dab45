package mechinterp.tokenizer;

import java.util.Optional;
import java.util.OptionalInt;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/**
 * The fields that name the tokens that begin and end a text: {@code bos_token} and {@code
 * eos_token} of {@code tokenizer_config.json} or {@code special_tokens_map.json} (a text, or an
 * object with {@code content}), or the ids of a model's {@code config.json}.
 *
 * @param begin the field of the first
 * @param end the field of the last
 */
record TextEnds(Optional<JsonField> begin, Optional<JsonField> end) {
  /** No file names them. */
  static final TextEnds UNNAMED = new TextEnds(Optional.empty(), Optional.empty());

  static TextEnds of(JsonField tokenizerConfig) {
    return new TextEnds(
        token(tokenizerConfig.at("bos_token")), token(tokenizerConfig.at("eos_token")));
  }

  /** Returns whether the file speaks of them at all, if only to say that there are none. */
  static boolean areIn(JsonField tokenizerConfig) {
    return tokenizerConfig.node().has("bos_token") || tokenizerConfig.node().has("eos_token");
  }

  static TextEnds ofModel(JsonField config) {
    return new TextEnds(id(config.at("bos_token_id")), id(config.at("eos_token_id")));
  }

  /** Returns the text that names a token, if it is there. */
  static Optional<JsonField> token(JsonField field) {
    JsonField content = field.node().isObject() ? field.at("content") : field;
    return Optional.of(content).filter(JsonField::isPresent);
  }

  private static Optional<JsonField> id(JsonField field) {
    JsonField id = field.node().isArray() ? field.item(0) : field;
    return Optional.of(id).filter(JsonField::isPresent);
  }

  OptionalInt bos(Vocabulary vocabulary) throws FormatException {
    return in(begin, vocabulary);
  }

  OptionalInt eos(Vocabulary vocabulary) throws FormatException {
    return in(end, vocabulary);
  }

  private static OptionalInt in(Optional<JsonField> named, Vocabulary vocabulary)
      throws FormatException {
    if (named.isEmpty()) {
      return OptionalInt.empty();
    }
    JsonField field = named.get();
    if (field.node().isNumber()) {
      return id(field.count(), vocabulary);
    }
    OptionalInt id = vocabulary.id(field.text());
    field.require(id.isPresent(), "a token of the vocabulary");
    return id;
  }

  /** A config that says nothing has the ids of its family, which this vocabulary may not have. */
  private static OptionalInt id(int id, Vocabulary vocabulary) {
    return id < vocabulary.size() ? OptionalInt.of(id) : OptionalInt.empty();
  }
}
