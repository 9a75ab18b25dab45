package mechinterp.metrics;

import java.util.ArrayList;
import java.util.List;
import mechinterp.model.TokenBatch;
import mechinterp.tokenizer.Tokenizer;

/**
 * Rows of a batch, one behind the other, whose tokens are text and not special: autoencoders are
 * trained on these alone.
 *
 * @param from the first
 * @param to the one behind the last
 */
public record TextRows(int from, int to) {
  /** Returns all such rows of a batch. */
  public static List<TextRows> of(Tokenizer tokenizer, TokenBatch batch) {
    List<TextRows> runs = new ArrayList<>();
    int from = 0;
    for (int t = 0; t <= batch.tokens(); t++) {
      if (t == batch.tokens() || tokenizer.isSpecial(batch.id(t))) {
        if (t > from) {
          runs.add(new TextRows(from, t));
        }
        from = t + 1;
      }
    }
    return runs;
  }
}
