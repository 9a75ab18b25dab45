package mechinterp.model.bert;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Sentence embeddings: the mean of the final hidden state over all tokens of a text, special ones
 * included, scaled to norm 1. The dot product of two is their cosine.
 *
 * <p>Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019; the pooling of {@code
 * sentence-transformers/all-MiniLM-L6-v2}.
 */
public final class SentenceEmbedding {
  private SentenceEmbedding() {}

  /** Returns the embeddings of texts [texts, d_model]; texts are cut to what the model takes. */
  public static FloatMatrix of(Transformer model, List<String> texts) {
    TokenBatch batch =
        TokenBatch.of(
            texts.stream()
                .map(text -> model.tokenizer().encode(text, model.config().nCtx()))
                .toList());
    return pool(model.device(), model.run(batch).output(), batch);
  }

  /**
   * Returns the embeddings of the sequences of a batch [sequences, d_model].
   *
   * @param hidden the final hidden state, or one with edits [tokens, d_model]
   */
  public static FloatMatrix pool(Device device, FloatMatrix hidden, TokenBatch batch) {
    Kernels kernels = device.kernels();
    FloatMatrix pooled = device.floats(batch.sequences(), hidden.cols());
    for (int s = 0; s < batch.sequences(); s++) {
      // The sum points where the mean does, and the norm is set to 1 below.
      kernels.sumRows(pooled.row(s), hidden.rowRange(batch.start(s), batch.end(s)), Write.SET);
    }
    kernels.normalizeRows(pooled, pooled);
    return pooled;
  }
}
