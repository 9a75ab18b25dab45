package mechinterp.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/** Reads the {@code tokenizer.json} of a WordPiece tokenizer. */
final class WordPieceFile {
  private final JsonField root;
  private final List<Optional<String>> tokens = new ArrayList<>();

  private WordPieceFile(JsonField root) {
    this.root = root;
  }

  static WordPieceSettings read(String name, InputStream in) throws IOException {
    return new WordPieceFile(JsonField.read(name, in)).settings();
  }

  private WordPieceSettings settings() throws FormatException {
    JsonField model = root.at("model");
    model.at("type").requireText("WordPiece");
    root.at("pre_tokenizer").at("type").requireText("BertPreTokenizer");
    BertNormalizer normalizer = normalizer(root.at("normalizer"));
    readVocabulary(model.at("vocab"));
    List<AddedToken> added = addedTokens();
    Vocabulary vocabulary = vocabulary(model.at("vocab"));
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    readTemplate(root.at("post_processor"), vocabulary, before, after);
    return new WordPieceSettings(
        vocabulary,
        normalizer,
        added,
        model.at("continuing_subword_prefix").text(),
        model.at("max_input_chars_per_word").count(),
        idOf(model.at("unk_token"), vocabulary),
        before,
        after);
  }

  private static BertNormalizer normalizer(JsonField field) throws FormatException {
    field.at("type").requireText("BertNormalizer");
    boolean lowercase = field.at("lowercase").flag();
    JsonField stripAccents = field.at("strip_accents");
    return new BertNormalizer(
        field.at("clean_text").flag(),
        field.at("handle_chinese_chars").flag(),
        stripAccents.isAbsent() ? lowercase : stripAccents.flag(),
        lowercase);
  }

  private void readVocabulary(JsonField vocab) throws FormatException {
    for (String token : vocab.names()) {
      JsonField entry = vocab.at(token);
      put(entry, entry.count(), token, vocab.node().size());
    }
  }

  private void put(JsonField entry, int id, String token, int limit) throws FormatException {
    entry.require(id < limit, "an id below the number of tokens, " + limit);
    while (tokens.size() <= id) {
      tokens.add(Optional.empty());
    }
    entry.require(
        tokens.get(id).filter(other -> !other.equals(token)).isEmpty(), "an id that is not taken");
    tokens.set(id, Optional.of(token));
  }

  private List<AddedToken> addedTokens() throws FormatException {
    JsonField list = root.at("added_tokens");
    if (list.isAbsent()) {
      return List.of();
    }
    List<AddedToken> added = new ArrayList<>();
    int limit = tokens.size() + list.items().size();
    for (JsonField field : list.items()) {
      AddedToken token = addedToken(field);
      put(field.at("id"), token.id(), token.content(), limit);
      added.add(token);
    }
    return added;
  }

  private static AddedToken addedToken(JsonField field) throws FormatException {
    JsonField normalized = field.at("normalized");
    normalized.require(!normalized.flag(), "false: added tokens are cut out of the raw text");
    JsonField content = field.at("content");
    content.require(!content.text().isEmpty(), "text");
    return new AddedToken(
        field.at("id").count(),
        content.text(),
        field.at("single_word").flag(),
        field.at("lstrip").flag(),
        field.at("rstrip").flag(),
        field.at("special").flag());
  }

  private Vocabulary vocabulary(JsonField vocab) throws FormatException {
    vocab.require(!tokens.isEmpty(), "at least one token");
    List<String> dense = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      dense.add(
          tokens
              .get(id)
              .orElseThrow(() -> vocab.failure("a token for every id below " + tokens.size())));
    }
    vocab.require(
        dense.stream().distinct().count() == dense.size(), "tokens that differ, added ones too");
    return new Vocabulary(Collections.unmodifiableList(dense));
  }

  private static int idOf(JsonField field, Vocabulary vocabulary) throws FormatException {
    int id = vocabulary.id(field.text());
    field.require(id != Vocabulary.NONE, "a token of the vocabulary");
    return id;
  }

  /** Reads what stands before and behind a single text. */
  private static void readTemplate(
      JsonField processor, Vocabulary vocabulary, List<Integer> before, List<Integer> after)
      throws FormatException {
    if (processor.isAbsent()) {
      return;
    }
    JsonField type = processor.at("type");
    switch (type.text()) {
      case "BertProcessing" -> {
        before.add(idOf(processor.at("cls").item(0), vocabulary));
        after.add(idOf(processor.at("sep").item(0), vocabulary));
      }
      case "TemplateProcessing" -> readSingle(processor, vocabulary, before, after);
      default -> throw type.failure("TemplateProcessing or BertProcessing");
    }
  }

  private static void readSingle(
      JsonField processor, Vocabulary vocabulary, List<Integer> before, List<Integer> after)
      throws FormatException {
    JsonField single = processor.at("single");
    boolean textSeen = false;
    for (JsonField item : single.items()) {
      if (item.names().contains("Sequence")) {
        item.require(!textSeen, "one sequence");
        textSeen = true;
      } else {
        JsonField name = item.at("SpecialToken").at("id");
        JsonField ids = processor.at("special_tokens").at(name.text()).at("ids");
        for (JsonField id : ids.items()) {
          id.require(id.count() < vocabulary.size(), "an id of the vocabulary");
          (textSeen ? after : before).add(id.count());
        }
      }
    }
    single.require(textSeen, "a sequence");
  }
}
