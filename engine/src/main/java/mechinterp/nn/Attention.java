package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * What heads do between queries, keys and values (Vaswani et al. 2017), within each sequence:
 *
 * <pre>
 *   scores = scale q k^T, softly capped, -infinity where a query does not see a key
 *   pattern = softmax(scores)
 *   z = pattern v
 * </pre>
 *
 * {@link #attend} computes z in one go and stores neither scores nor pattern; the other methods
 * compute the parts for whoever wants to look at them or to change them. Scores and pattern are
 * [tokens, heads * maxKeys]; see {@link Kernels#attentionScores}. The spans of the sequences are
 * those of {@link Kernels#attention}.
 */
public final class Attention {
  private final Kernels kernels;
  private final AttentionForm form;

  /** Makes the layer. */
  public Attention(Device device, AttentionForm form) {
    this.kernels = device.kernels();
    this.form = form;
  }

  /** z = softmax(scores) v; z is [tokens, heads * d_head]. */
  public void attend(FloatMatrix z, FloatMatrix q, FloatMatrix k, FloatMatrix v, IntMatrix spans) {
    kernels.attention(z, q, k, v, spans, form);
  }

  /** dq, dk, dv = the gradients of {@link #attend}. */
  public void attendBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dz,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans) {
    kernels.attentionBackward(dq, dk, dv, dz, q, k, v, spans, form);
  }

  /** scores = scale q k^T, capped and masked. */
  public void scores(FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans) {
    kernels.attentionScores(scores, q, k, spans, form);
  }

  /**
   * dq, dk = the gradients of {@link #scores}.
   *
   * @param scores what {@link #scores} wrote
   */
  public void scoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans) {
    kernels.attentionScoresBackward(dq, dk, dScores, scores, q, k, spans, form);
  }

  /** pattern = softmax(scores), in each head; may be the same matrix. */
  public void pattern(FloatMatrix pattern, FloatMatrix scores) {
    kernels.softmax(byHead(pattern), byHead(scores));
  }

  /**
   * dScores = the gradient of {@link #pattern}; may be dPattern.
   *
   * @param pattern what {@link #pattern} wrote
   */
  public void patternBackward(FloatMatrix dScores, FloatMatrix dPattern, FloatMatrix pattern) {
    kernels.softmaxBackward(byHead(dScores), byHead(dPattern), byHead(pattern));
  }

  /** z = pattern v. */
  public void values(FloatMatrix z, FloatMatrix pattern, FloatMatrix v, IntMatrix spans) {
    kernels.attentionValues(z, pattern, v, spans, form.heads(), form.keyValueHeads());
  }

  /** dPattern, dv = the gradients of {@link #values}. */
  public void valuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dz,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans) {
    kernels.attentionValuesBackward(
        dPattern, dv, dz, pattern, v, spans, form.heads(), form.keyValueHeads());
  }

  private FloatMatrix byHead(FloatMatrix pattern) {
    return pattern.reshaped(pattern.rows() * form.heads(), pattern.cols() / form.heads());
  }
}
