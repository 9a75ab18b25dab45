package mechinterp.tokenizer;

import java.util.List;
import org.eclipse.collections.impl.map.mutable.primitive.ObjectIntHashMap;

/** Tokens and their ids, 0 to size - 1. */
final class Vocabulary {
  /** What {@link #id} returns for a text that is no token. */
  static final int NONE = -1;

  private final List<String> tokens;
  private final ObjectIntHashMap<String> ids;
  private final int longest;

  /** Takes the tokens in the order of their ids; they must differ. */
  Vocabulary(List<String> tokens) {
    this.tokens = List.copyOf(tokens);
    this.ids = new ObjectIntHashMap<>(2 * tokens.size());
    int most = 0;
    for (int id = 0; id < tokens.size(); id++) {
      ids.put(tokens.get(id), id);
      most = Math.max(most, tokens.get(id).codePointCount(0, tokens.get(id).length()));
    }
    this.longest = most;
  }

  int size() {
    return tokens.size();
  }

  int id(String token) {
    return ids.getIfAbsent(token, NONE);
  }

  String token(int id) {
    if (id < 0 || id >= tokens.size()) {
      throw new IllegalArgumentException(
          "token: id is %d; ids are 0 to %d".formatted(id, tokens.size() - 1));
    }
    return tokens.get(id);
  }

  /** Returns the number of code points of the longest token. */
  int longest() {
    return longest;
  }
}
