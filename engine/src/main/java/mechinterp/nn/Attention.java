package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Bidirectional multi-head self-attention (Vaswani et al. 2017), in three parts:
 *
 * <pre>
 *   q = x W_Q + b_Q,  k = x W_K + b_K,  v = x W_V + b_V
 *   z = softmax(q k^T / sqrt(d_head)) v      within each sequence and head
 *   out = z W_O + b_O
 * </pre>
 *
 * Head h has the columns h * d_head to (h + 1) * d_head - 1 of q, k, v and z.
 */
public final class Attention {
  private final Kernels kernels;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final AttentionForm form;

  /**
   * Makes the layer.
   *
   * @throws IllegalArgumentException when the heads do not divide the columns of the query or the
   *     projections do not fit each other
   */
  public Attention(
      Device device, Linear query, Linear key, Linear value, Linear output, int heads) {
    if (heads < 1 || query.out() % heads != 0) {
      throw new IllegalArgumentException(
          "attention: %d heads, %d columns of q; heads must divide the columns"
              .formatted(heads, query.out()));
    }
    Shapes.requireWidth("attention", "width of k", key.out(), query.out());
    Shapes.requireWidth("attention", "width of v", value.out(), query.out());
    Shapes.requireWidth("attention", "width of z", output.in(), query.out());
    this.kernels = device.kernels();
    this.query = query;
    this.key = key;
    this.value = value;
    this.output = output;
    float scale = (float) (1 / Math.sqrt((double) query.out() / heads));
    this.form = AttentionForm.bidirectional(heads, scale);
  }

  /** q, k, v [tokens, heads * d_head] = the projections of x [tokens, d_model]. */
  public void project(FloatMatrix q, FloatMatrix k, FloatMatrix v, FloatMatrix x) {
    query.forward(q, x);
    key.forward(k, x);
    value.forward(v, x);
  }

  /**
   * z = the values, weighted by attention.
   *
   * @param spans the rows of each sequence [sequences, 4]; see {@link Kernels#attention}
   */
  public void attend(FloatMatrix z, FloatMatrix q, FloatMatrix k, FloatMatrix v, IntMatrix spans) {
    kernels.attention(z, q, k, v, spans, form);
  }

  /** out [tokens, d_model] = z W_O + b_O. */
  public void output(FloatMatrix out, FloatMatrix z) {
    output.forward(out, z);
  }
}
