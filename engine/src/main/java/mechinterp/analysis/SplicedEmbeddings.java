package mechinterp.analysis;

import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.metrics.Splice;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.bert.SentenceEmbedding;
import mechinterp.tensor.FloatMatrix;

/**
 * What a sentence encoder's embedding keeps when the activations at a hook point are replaced: by
 * the autoencoder's reconstruction, and for comparison by one and the same mean activation.
 */
public final class SplicedEmbeddings {
  private final Splice splice;
  private final Transformer model;
  private long texts;
  private double reconstructionCosines;
  private double meanCosines;

  /**
   * Begins without a text.
   *
   * @param splice into a sentence encoder
   */
  public SplicedEmbeddings(Splice splice) {
    this.splice = splice;
    this.model = splice.model();
  }

  /**
   * Mean cosines over texts between the embedding of the untouched model and another.
   *
   * @param texts number of texts
   * @param reconstruction with the activations reconstructed
   * @param meanAblation with all activations replaced by their mean
   * @param recovered (reconstruction - meanAblation) / (1 - meanAblation): 1 when nothing is lost,
   *     0 when the reconstruction is worth no more than the mean
   */
  public record Result(long texts, double reconstruction, double meanAblation, double recovered) {}

  /** Adds texts, cut to {@code maxTokens} tokens; they run as one batch. */
  public void add(List<String> added, int maxTokens) {
    TokenBatch batch =
        TokenBatch.of(
            added.stream().map(text -> model.tokenizer().encode(text, maxTokens)).toList());
    FloatMatrix untouched = embed(batch, Map.of());
    FloatMatrix reconstructed = embed(batch, splice.reconstruction());
    FloatMatrix ablated = embed(batch, splice.meanAblation());
    texts += batch.sequences();
    reconstructionCosines += sumOfRowDots(untouched, reconstructed);
    meanCosines += sumOfRowDots(untouched, ablated);
  }

  /**
   * Returns the means over all texts so far.
   *
   * @throws IllegalStateException when there was none
   */
  public Result result() {
    if (texts == 0) {
      throw new IllegalStateException("spliced embeddings: no text was added");
    }
    double reconstruction = reconstructionCosines / texts;
    double ablation = meanCosines / texts;
    return new Result(
        texts, reconstruction, ablation, (reconstruction - ablation) / (1 - ablation));
  }

  private FloatMatrix embed(TokenBatch batch, Map<HookPoint, Edit> edits) {
    FloatMatrix hidden = model.run(batch, Set.of(), edits).output();
    return SentenceEmbedding.pool(model.device(), hidden, batch);
  }

  private double sumOfRowDots(FloatMatrix a, FloatMatrix b) {
    Device device = model.device();
    FloatMatrix dots = device.floats(a.rows(), 1);
    device.kernels().rowDots(dots, a, b);
    double sum = 0;
    for (float dot : device.toHost(dots)) {
      sum += dot;
    }
    return sum;
  }
}
