package mechinterp.metrics;

import java.util.Map;
import java.util.Set;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * How much worse a language model predicts the next token when the activations at a hook point are
 * replaced: by the autoencoder's reconstructions, by their mean, by zeros. Each token of a sequence
 * but the last is one prediction. The sums are independent of how texts are cut into batches.
 */
public final class SplicedLoss {
  private final Splice splice;
  private final Transformer model;
  private final PredictionLoss clean;
  private final PredictionLoss reconstruction;
  private final PredictionLoss meanAblation;
  private final PredictionLoss zeroAblation;

  /** Begins without a text. */
  public SplicedLoss(Splice splice) {
    this.splice = splice;
    this.model = splice.model();
    this.clean = new PredictionLoss(model);
    this.reconstruction = new PredictionLoss(model);
    this.meanAblation = new PredictionLoss(model);
    this.zeroAblation = new PredictionLoss(model);
  }

  /**
   * Means over predictions, in nats.
   *
   * @param predictions number of predictions
   * @param crossEntropy of the untouched model
   * @param reconstruction with reconstructions spliced in
   * @param meanAblation with the mean in the place of all activations
   * @param zeroAblation with zeros in the place of all activations
   * @param lossRecoveredFromMean (CE of the mean ablation - CE of the reconstruction) / (CE of the
   *     mean ablation - CE of the untouched model): 1 when nothing is lost, 0 when the
   *     reconstruction is worth no more than the mean
   * @param lossRecoveredFromZero the same with the zero ablation
   */
  public record Result(
      long predictions,
      double crossEntropy,
      Replaced reconstruction,
      Replaced meanAblation,
      Replaced zeroAblation,
      double lossRecoveredFromMean,
      double lossRecoveredFromZero) {}

  /**
   * The model with activations replaced.
   *
   * @param crossEntropy its loss
   * @param klDivergence sum over tokens of p (log p - log q), p the untouched model's distribution
   */
  public record Replaced(double crossEntropy, double klDivergence) {}

  /** Adds the predictions of a batch. */
  public void add(TokenBatch batch) {
    FloatMatrix untouched = hidden(batch, Map.of());
    clean.add(batch, untouched, untouched);
    reconstruction.add(batch, untouched, hidden(batch, splice.reconstruction()));
    meanAblation.add(batch, untouched, hidden(batch, splice.meanAblation()));
    zeroAblation.add(batch, untouched, hidden(batch, splice.zeroAblation()));
  }

  /**
   * Returns the means over all predictions so far.
   *
   * @throws IllegalStateException when there was none
   */
  public Result result() {
    if (clean.predictions() == 0) {
      throw new IllegalStateException("spliced loss: no text with at least two tokens was added");
    }
    return new Result(
        clean.predictions(),
        clean.crossEntropy(),
        replaced(reconstruction),
        replaced(meanAblation),
        replaced(zeroAblation),
        recovered(meanAblation),
        recovered(zeroAblation));
  }

  private double recovered(PredictionLoss ablation) {
    return (ablation.crossEntropy() - reconstruction.crossEntropy())
        / (ablation.crossEntropy() - clean.crossEntropy());
  }

  private static Replaced replaced(PredictionLoss loss) {
    return new Replaced(loss.crossEntropy(), loss.klDivergence());
  }

  private FloatMatrix hidden(TokenBatch batch, Map<HookPoint, Edit> edits) {
    return model.run(batch, Set.of(), edits).output();
  }
}
