package mechinterp.metrics;

import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * How much worse a language model predicts the next token when the activations at a hook point are
 * replaced: by the autoencoder's reconstructions, by their mean, by zeros. Each token of a sequence
 * but the last is one prediction. The sums are independent of how texts are cut into batches.
 */
public final class SplicedLoss {
  /** Rows of logits at once: the vocabulary is wide. */
  private static final int ROWS_AT_ONCE = 128;

  private final Splice splice;
  private final Transformer model;
  private final Device device;
  private final Sums clean = new Sums();
  private final Sums reconstruction = new Sums();
  private final Sums meanAblation = new Sums();
  private final Sums zeroAblation = new Sums();
  private long predictions;

  private static final class Sums {
    private double crossEntropy;
    private double divergence;
  }

  /** Begins without a text. */
  public SplicedLoss(Splice splice) {
    this.splice = splice;
    this.model = splice.model();
    this.device = model.device();
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
    int[] targets = batch.nextIds();
    addLosses(clean, untouched, untouched, targets);
    addReplaced(reconstruction, splice.reconstruction(), batch, untouched, targets);
    addReplaced(meanAblation, splice.meanAblation(), batch, untouched, targets);
    addReplaced(zeroAblation, splice.zeroAblation(), batch, untouched, targets);
    predictions += batch.tokens() - batch.sequences();
  }

  /**
   * Returns the means over all predictions so far.
   *
   * @throws IllegalStateException when there was none
   */
  public Result result() {
    if (predictions == 0) {
      throw new IllegalStateException("spliced loss: no text with at least two tokens was added");
    }
    return new Result(
        predictions,
        clean.crossEntropy / predictions,
        mean(reconstruction),
        mean(meanAblation),
        mean(zeroAblation),
        recovered(meanAblation),
        recovered(zeroAblation));
  }

  private double recovered(Sums ablation) {
    return (ablation.crossEntropy - reconstruction.crossEntropy)
        / (ablation.crossEntropy - clean.crossEntropy);
  }

  private Replaced mean(Sums sums) {
    return new Replaced(sums.crossEntropy / predictions, sums.divergence / predictions);
  }

  private FloatMatrix hidden(TokenBatch batch, Map<HookPoint, Edit> edits) {
    return model.run(batch, Set.of(), edits).output();
  }

  private void addReplaced(
      Sums sums, Map<HookPoint, Edit> edits, TokenBatch batch, FloatMatrix clean, int[] targets) {
    addLosses(sums, clean, hidden(batch, edits), targets);
  }

  private void addLosses(Sums sums, FloatMatrix clean, FloatMatrix changed, int[] targets) {
    for (int from = 0; from < targets.length; from += ROWS_AT_ONCE) {
      int to = Math.min(targets.length, from + ROWS_AT_ONCE);
      FloatMatrix p = model.logits(clean.rowRange(from, to));
      FloatMatrix q = clean == changed ? p : model.logits(changed.rowRange(from, to));
      IntMatrix wanted = device.ints(1, to - from);
      device.upload(wanted, targets, from);
      FloatMatrix losses = device.floats(to - from, 1);
      device.kernels().crossEntropy(losses, q, wanted);
      FloatMatrix divergences = device.floats(to - from, 1);
      device.kernels().klDivergence(divergences, p, q);
      addRows(sums, device.toHost(losses), device.toHost(divergences), targets, from);
    }
  }

  private static void addRows(
      Sums sums, float[] losses, float[] divergences, int[] targets, int from) {
    for (int i = 0; i < losses.length; i++) {
      if (targets[from + i] >= 0) {
        sums.crossEntropy += losses[i];
        sums.divergence += divergences[i];
      }
    }
  }
}
