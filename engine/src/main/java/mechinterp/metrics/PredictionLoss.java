package mechinterp.metrics;

import mechinterp.device.Device;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * How well a language model whose activations were changed predicts the next token, and how far its
 * predictions are from those of the untouched model. Each token of a sequence but the last is one
 * prediction. The sums are independent of how texts are cut into batches.
 */
public final class PredictionLoss {
  /** Rows of logits at once: the vocabulary is wide. */
  private static final int ROWS_AT_ONCE = 128;

  private final Transformer model;
  private final Device device;
  private double crossEntropy;
  private double divergence;
  private long predictions;

  /**
   * Begins without a prediction.
   *
   * @param model a language model
   */
  public PredictionLoss(Transformer model) {
    this.model = model;
    this.device = model.device();
  }

  /**
   * Adds the predictions of a batch.
   *
   * @param clean the final hidden state of the untouched model [tokens, d_model]
   * @param changed that of the changed one; may be the same
   */
  public void add(TokenBatch batch, FloatMatrix clean, FloatMatrix changed) {
    int[] targets = batch.nextIds();
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
      addRows(device.toHost(losses), device.toHost(divergences), targets, from);
    }
  }

  private void addRows(float[] losses, float[] divergences, int[] targets, int from) {
    for (int i = 0; i < losses.length; i++) {
      if (targets[from + i] >= 0) {
        crossEntropy += losses[i];
        divergence += divergences[i];
        predictions++;
      }
    }
  }

  /** Returns how many predictions there were. */
  public long predictions() {
    return predictions;
  }

  /** Returns the changed model's mean loss, in nats; NaN without a prediction. */
  public double crossEntropy() {
    return predictions == 0 ? Double.NaN : crossEntropy / predictions;
  }

  /**
   * Returns the mean of the sum over tokens of p (log p - log q), p the untouched model's
   * distribution and q the changed one's, in nats; NaN without a prediction.
   */
  public double klDivergence() {
    return predictions == 0 ? Double.NaN : divergence / predictions;
  }
}
