package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/**
 * The feed-forward layer of a transformer, in three parts:
 *
 * <pre>
 *   pre = x W_in + b_in
 *   post = gelu(pre)
 *   out = post W_out + b_out
 * </pre>
 */
public final class Mlp {
  private final Kernels kernels;
  private final Linear in;
  private final Linear out;

  /**
   * Makes the layer.
   *
   * @throws IllegalArgumentException when {@code out} does not take the columns that {@code in}
   *     makes
   */
  public Mlp(Device device, Linear in, Linear out) {
    Shapes.requireWidth("mlp", "width of post", out.in(), in.out());
    this.kernels = device.kernels();
    this.in = in;
    this.out = out;
  }

  /** pre [tokens, d_mlp] = x [tokens, d_model] W_in + b_in. */
  public void pre(FloatMatrix pre, FloatMatrix x) {
    in.forward(pre, x);
  }

  /** post = gelu(pre); may be the same matrix. */
  public void post(FloatMatrix post, FloatMatrix pre) {
    kernels.activate(post, pre, ActivationFunction.GELU);
  }

  /** out [tokens, d_model] = post W_out + b_out. */
  public void output(FloatMatrix result, FloatMatrix post) {
    out.forward(result, post);
  }
}
