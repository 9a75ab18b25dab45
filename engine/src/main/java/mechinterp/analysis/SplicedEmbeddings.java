package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.bert.SentenceEmbedding;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * What a sentence encoder's embedding keeps when the activations at a hook point are replaced: by
 * the autoencoder's reconstruction, and for comparison by one and the same mean activation. Special
 * tokens keep their activations, since autoencoders are not trained on them.
 */
public final class SplicedEmbeddings {
  private final Transformer model;
  private final HookPoint hook;
  private final Sae sae;
  private final FloatMatrix mean;
  private long texts;
  private double reconstructionCosines;
  private double meanCosines;

  /**
   * Begins without a text.
   *
   * @param model a sentence encoder
   * @param hook where activations are replaced
   * @param sae for activations as the model makes them, on the model's device
   * @param mean the mean activation at the hook point [1, d_in]
   * @throws IllegalArgumentException when the hook point does not exist or is not as wide as the
   *     autoencoder
   */
  public SplicedEmbeddings(Transformer model, HookPoint hook, Sae sae, FloatMatrix mean) {
    if (model.width(hook) != sae.dIn()) {
      throw new IllegalArgumentException(
          "splice: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(hook, model.width(hook), sae.dIn()));
    }
    this.model = model;
    this.hook = hook;
    this.sae = sae;
    this.mean = mean;
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
    List<Rows> kept = keptRows(batch);
    FloatMatrix untouched = embed(batch, Map.of());
    FloatMatrix reconstructed = embed(batch, Map.of(hook, (x, _) -> reconstruct(x, kept)));
    FloatMatrix ablated = embed(batch, Map.of(hook, (x, _) -> ablate(x, kept)));
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

  /** Rows {@code from} to {@code to - 1}. */
  private record Rows(int from, int to) {
    FloatMatrix of(FloatMatrix matrix) {
      return matrix.rowRange(from, to);
    }
  }

  /** Returns the runs of tokens that are not special. */
  private List<Rows> keptRows(TokenBatch batch) {
    List<Rows> runs = new ArrayList<>();
    int from = 0;
    for (int t = 0; t <= batch.tokens(); t++) {
      if (t == batch.tokens() || model.tokenizer().isSpecial(batch.id(t))) {
        if (t > from) {
          runs.add(new Rows(from, t));
        }
        from = t + 1;
      }
    }
    return runs;
  }

  private FloatMatrix embed(TokenBatch batch, Map<HookPoint, Edit> edits) {
    FloatMatrix hidden = model.run(batch, Set.of(), edits).output();
    return SentenceEmbedding.pool(model.device(), hidden, batch);
  }

  private void reconstruct(FloatMatrix activations, List<Rows> kept) {
    for (Rows rows : kept) {
      FloatMatrix x = rows.of(activations);
      SparseCodes codes = sae.newCodes(x.rows());
      sae.encode(codes, x);
      sae.decode(x, codes);
    }
  }

  private void ablate(FloatMatrix activations, List<Rows> kept) {
    Kernels kernels = model.device().kernels();
    for (Rows rows : kept) {
      FloatMatrix x = rows.of(activations);
      kernels.fill(x, 0);
      kernels.addRow(x, x, mean, 1);
    }
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
