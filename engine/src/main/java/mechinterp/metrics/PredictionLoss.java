package mechinterp.metrics;

import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * How well a language model predicts the next token, untouched or with activations replaced, and
 * how far its predictions are from those of the untouched model. Each token of a sequence but the
 * last is one prediction. The sums are independent of how texts are cut into batches.
 */
public final class PredictionLoss {
  /** Rows of logits at once: the vocabulary is wide. */
  private static final int ROWS_AT_ONCE = 128;

  private final Transformer model;
  private final Device device;
  private double crossEntropy;
  private double divergence;
  private long predictions;

  /** Begins without a text. */
  public PredictionLoss(Transformer model) {
    this.model = model;
    this.device = model.device();
  }

  /** Adds the predictions of the untouched model. */
  public void add(UntouchedRun untouched) {
    addLosses(untouched, untouched.hidden());
  }

  /** Runs the model with edits and adds its predictions. */
  public void add(UntouchedRun untouched, Map<HookPoint, Edit> edits) {
    addLosses(untouched, model.run(untouched.batch(), Set.of(), edits).output());
  }

  /** Returns the number of predictions. */
  public long predictions() {
    return predictions;
  }

  /**
   * Returns the mean over predictions of the negative log-probability of the next token, in nats.
   *
   * @throws IllegalStateException when there was no prediction
   */
  public double crossEntropy() {
    return mean(crossEntropy);
  }

  /**
   * Returns the mean over predictions of the sum over tokens of p (log p - log q), p the untouched
   * model's distribution, in nats.
   *
   * @throws IllegalStateException when there was no prediction
   */
  public double klDivergence() {
    return mean(divergence);
  }

  private double mean(double sum) {
    if (predictions == 0) {
      throw new IllegalStateException("spliced loss: no text with at least two tokens was added");
    }
    return sum / predictions;
  }

  private void addLosses(UntouchedRun untouched, FloatMatrix changed) {
    FloatMatrix clean = untouched.hidden();
    int[] targets = untouched.batch().nextIds();
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
}
