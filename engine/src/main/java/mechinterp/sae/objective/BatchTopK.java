package mechinterp.sae.objective;

import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The choice of BatchTopK (Bussmann et al. 2024, arXiv 2412.06410): of all pre-activations of a
 * batch of B tokens the k B largest positive ones, of equal ones those of the first token. The
 * least that was kept, averaged over batches, is the threshold that encodes after training:
 *
 * <pre>  threshold = (1 - rate) threshold + rate (least of the batch)</pre>
 *
 * and the first batch's least to begin with. SAELens 6 has a rate of .01 ({@code
 * topk_threshold_lr}), with which the threshold of a run of a few hundred steps lags behind: its
 * latents were half as active as they should be.
 *
 * <p>With scores s, pre-activations z are compared as z s, and latent i has the threshold / s[i].
 */
final class BatchTopK implements LatentChoice {
  private static final double RATE = 0.1;
  private static final int THRESHOLD = 0;
  private static final int BATCHES = 1;

  private final ThresholdSae sae;
  private final KSchedule schedule;
  private final Optional<LayerNormSums> scores;
  private int k;
  private final long[] state = new long[2];

  /**
   * A choice.
   *
   * @param scores what pre-activations are multiplied with before they are compared, if anything
   */
  BatchTopK(ThresholdSae sae, KSchedule schedule, Optional<LayerNormSums> scores) {
    this.sae = sae;
    this.schedule = schedule;
    this.scores = scores;
    this.k = schedule.first();
  }

  @Override
  public void beginStep(int step) {
    k = schedule.at(step);
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix inputs) {
    Device device = sae.device();
    sae.encodePositive(codes, inputs);
    scores.ifPresent(each -> {
      each.measure();
      each.multiply(codes);
    });
    float least = device.kernels().selection().keepLargest(codes, (long) k * inputs.rows());
    scores.ifPresent(each -> each.divide(codes));
    if (Float.isFinite(least)) {
      moveThreshold(least);
    }
  }

  private void moveThreshold(float least) {
    double before = Double.longBitsToDouble(state[THRESHOLD]);
    double after = state[BATCHES] == 0 ? least : (1 - RATE) * before + RATE * least;
    state[THRESHOLD] = Double.doubleToRawLongBits(after);
    state[BATCHES]++;
    setThresholds();
  }

  private void setThresholds() {
    float threshold = (float) Double.longBitsToDouble(state[THRESHOLD]);
    if (scores.isPresent()) {
      scores.get().divide(sae.thresholds(), threshold);
    } else {
      sae.device().kernels().fill(sae.thresholds(), threshold);
    }
  }

  /**
   * Sets the thresholds again: a run that goes on after its last step has the state alone, and the
   * norms are those of the last weights.
   */
  @Override
  public void finish() {
    if (state[BATCHES] > 0) {
      scores.ifPresent(LayerNormSums::measure);
      setThresholds();
    }
  }

  @Override
  public Map<String, long[]> numbers() {
    return Map.of("threshold_and_batches", state);
  }
}
