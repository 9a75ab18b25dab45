package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;

/**
 * What the final norm divides the residual stream by, which gives {@link LogitEffect} its unit: the
 * mean over tokens of 1 / scale, those that are special left out.
 */
public final class FinalScale {
  static final HookPoint HOOK = HookPoint.outside("ln_final.hook_scale");

  private FinalScale() {}

  /**
   * Returns the mean of 1 / scale over the tokens of a batch.
   *
   * @param model a language model
   * @throws IllegalArgumentException when the model has no final norm, or all tokens are special
   */
  public static double meanInverse(Transformer model, TokenBatch batch) {
    float[] scales = model.device().toHost(model.run(batch, Set.of(HOOK), Map.of()).at(HOOK));
    double sum = 0;
    int tokens = 0;
    for (int t = 0; t < scales.length; t++) {
      if (!model.tokenizer().isSpecial(batch.id(t))) {
        sum += 1.0 / scales[t];
        tokens++;
      }
    }
    if (tokens == 0) {
      throw new IllegalArgumentException(
          "final scale: the batch has only special tokens; there must be one of text");
    }
    return sum / tokens;
  }

  /**
   * Returns the first tokens of a store as sequences of the model, each behind the begin-of-text
   * token where the tokenizer has one.
   */
  static TokenBatch firstTokens(ActivationStore store, Transformer model, int most) {
    TokenOrigins origins = store.origins(0, Math.min(most, store.tokens()));
    List<int[]> sequences = new ArrayList<>();
    List<Integer> sequence = begin(model);
    for (int row = 0; row < origins.size(); row++) {
      boolean goesOn = row > 0 && Window.follows(origins, row);
      if (row > 0 && (!goesOn || sequence.size() == model.config().nCtx())) {
        sequences.add(sequence.stream().mapToInt(Integer::intValue).toArray());
        sequence = begin(model);
      }
      sequence.add(origins.tokenId(row));
    }
    sequences.add(sequence.stream().mapToInt(Integer::intValue).toArray());
    return TokenBatch.ofIds(sequences);
  }

  private static List<Integer> begin(Transformer model) {
    List<Integer> sequence = new ArrayList<>();
    if (model.config().nCtx() > 1) {
      model.tokenizer().bos().ifPresent(sequence::add);
    }
    return sequence;
  }
}
