package mechinterp.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.OptionalInt;
import org.eclipse.collections.impl.map.mutable.primitive.ObjectIntHashMap;

/**
 * Tokens and their ids, 0 to size - 1; some ids may name no token. The model's own tokens are those
 * that words are spelled with; added tokens are not.
 */
final class Vocabulary {
  /** What {@link #modelId} returns for a text that is no token of the model. */
  static final int NONE = -1;

  private final ObjectIntHashMap<String> ids;
  private final String[] tokens;
  private final BitSet model;

  /**
   * Takes all tokens.
   *
   * @param ids ids of tokens, all different
   * @param model the ids that belong to the model
   */
  Vocabulary(ObjectIntHashMap<String> ids, BitSet model) {
    this.ids = ids;
    this.model = model;
    this.tokens = new String[ids.isEmpty() ? 0 : ids.values().max() + 1];
    Arrays.fill(tokens, "");
    ids.forEachKeyValue((token, id) -> tokens[id] = token);
  }

  int size() {
    return tokens.length;
  }

  /** Returns the id of a token, the model's or an added one. */
  OptionalInt id(String token) {
    return ids.containsKey(token) ? OptionalInt.of(ids.get(token)) : OptionalInt.empty();
  }

  /** Returns the id of a token of the model, or {@link #NONE}. */
  int modelId(String token) {
    int id = ids.getIfAbsent(token, NONE);
    return id == NONE || model.get(id) ? id : NONE;
  }

  /** Returns a token; an id that names none gives the empty text. */
  String token(int id) {
    if (id < 0 || id >= tokens.length) {
      throw new IllegalArgumentException(
          "token: id is %d; ids are 0 to %d".formatted(id, tokens.length - 1));
    }
    return tokens[id];
  }

  /** Returns the ids of the model's tokens. */
  BitSet modelIds() {
    return (BitSet) model.clone();
  }
}
