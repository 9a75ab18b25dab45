package mechinterp.metrics;

import java.util.Map;
import java.util.Set;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * What a language model makes of a batch when nothing is replaced: computed once, compared with any
 * number of replacements.
 *
 * @param batch the texts
 * @param hidden its final hidden state [tokens, d_model]
 */
public record UntouchedRun(TokenBatch batch, FloatMatrix hidden) {
  /** Runs the model. */
  public static UntouchedRun of(Transformer model, TokenBatch batch) {
    return new UntouchedRun(batch, model.run(batch, Set.of(), Map.of()).output());
  }
}
