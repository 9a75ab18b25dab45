package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import org.eclipse.collections.impl.map.mutable.primitive.ObjectIntHashMap;
import tools.jackson.databind.JsonNode;

/** Reads tokens and their ids, the model's first, then added ones. */
final class VocabularyReader {
  /** So many ids may be without a token: a file must not make tables of any size. */
  private static final int MOST_GAPS = 1 << 16;

  private final ObjectIntHashMap<String> ids = new ObjectIntHashMap<>();
  private final BitSet taken = new BitSet();
  private final BitSet model = new BitSet();
  private final List<AddedToken> added = new ArrayList<>();

  /** Reads {@code {"token": id, ...}}. */
  void readModel(JsonField vocab) throws FormatException {
    vocab.require(vocab.node().isObject(), "an object");
    for (Map.Entry<String, JsonNode> entry : vocab.node().properties()) {
      JsonNode id = entry.getValue();
      boolean valid = id.isInt() && id.intValue() >= 0 && !taken.get(id.intValue());
      if (!valid || id.intValue() >= vocab.node().size() + MOST_GAPS) {
        throw refused(vocab.at(entry.getKey()), vocab.node().size());
      }
      put(entry.getKey(), id.intValue());
    }
    model.or(taken);
  }

  private FormatException refused(JsonField entry, int tokens) throws FormatException {
    entry.require(entry.count() < tokens + MOST_GAPS, "an id near the number of tokens, " + tokens);
    return entry.failure("an id that is not taken");
  }

  /** Reads {@code added_tokens}. */
  void readAdded(JsonField list) throws FormatException {
    if (list.isAbsent()) {
      return;
    }
    List<JsonField> fields = list.items();
    int limit = ids.size() + fields.size();
    for (JsonField field : fields) {
      JsonField id = field.at("id");
      id.require(id.count() < limit + MOST_GAPS, "an id near the number of tokens, " + limit);
      add(field, addedToken(field));
    }
  }

  private static AddedToken addedToken(JsonField field) throws FormatException {
    JsonField content = field.at("content");
    content.require(!content.text().isEmpty(), "text");
    return new AddedToken(
        field.at("id").count(),
        content.text(),
        field.at("single_word").flag(),
        field.at("lstrip").flag(),
        field.at("rstrip").flag(),
        field.at("normalized").flag(),
        field.at("special").flag());
  }

  private void add(JsonField field, AddedToken token) throws FormatException {
    boolean known = ids.getIfAbsent(token.content(), Vocabulary.NONE) == token.id();
    if (!known) {
      field.at("id").require(!taken.get(token.id()), "an id that is not taken");
      field.at("content").require(!ids.containsKey(token.content()), "a token that has no id yet");
      put(token.content(), token.id());
    }
    added.add(token);
  }

  private void put(String token, int id) {
    taken.set(id);
    ids.put(token, id);
  }

  Vocabulary vocabulary() {
    return new Vocabulary(ids, model);
  }

  List<AddedToken> added() {
    return added;
  }
}
