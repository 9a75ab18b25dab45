package mechinterp.nn;

import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/**
 * The feed-forward layer of a transformer, in the parts between TransformerLens' hook points.
 * Plain:
 *
 * <pre>
 *   pre = x W_in + b_in
 *   post = f(pre)
 *   out = post W_out + b_out
 * </pre>
 *
 * and gated (Shazeer 2020):
 *
 * <pre>
 *   pre = x W_gate
 *   preLinear = x W_in + b_in
 *   post = f(pre) * preLinear
 *   out = post W_out + b_out
 * </pre>
 *
 * Where a method takes {@code preLinear}, it is there if the layer is gated, and else not.
 */
public final class Mlp {
  private final Kernels kernels;
  private final Optional<Linear> gate;
  private final Linear in;
  private final Linear out;
  private final ActivationFunction function;

  private Mlp(
      Device device, Optional<Linear> gate, Linear in, Linear out, ActivationFunction function) {
    Shapes.requireWidth("mlp", "width of post", out.in(), in.out());
    gate.ifPresent(g -> Shapes.requireWidth("mlp", "width of pre", g.out(), in.out()));
    this.kernels = device.kernels();
    this.gate = gate;
    this.in = in;
    this.out = out;
    this.function = function;
  }

  /**
   * Returns a plain layer.
   *
   * @throws IllegalArgumentException when {@code out} does not take the columns that {@code in}
   *     makes
   */
  public static Mlp plain(Device device, Linear in, Linear out, ActivationFunction function) {
    return new Mlp(device, Optional.empty(), in, out, function);
  }

  /**
   * Returns a gated layer.
   *
   * @throws IllegalArgumentException when {@code gate} and {@code in} make different numbers of
   *     columns, or {@code out} does not take as many
   */
  public static Mlp gated(
      Device device, Linear gate, Linear in, Linear out, ActivationFunction function) {
    return new Mlp(device, Optional.of(gate), in, out, function);
  }

  /** Returns whether the layer is gated. */
  public boolean isGated() {
    return gate.isPresent();
  }

  /** Returns the columns of its inside. */
  public int dMlp() {
    return in.out();
  }

  /** Returns the columns that it takes. */
  public int dModel() {
    return in.in();
  }

  /** pre [tokens, d_mlp] = what goes through the activation function. */
  public void pre(FloatMatrix pre, FloatMatrix x) {
    gate.orElse(in).forward(pre, x);
  }

  /** preLinear [tokens, d_mlp] = what it is multiplied by; of gated layers only. */
  public void preLinear(FloatMatrix preLinear, FloatMatrix x) {
    in.forward(preLinear, x);
  }

  /** post = f(pre), times preLinear where gated; may be the same matrix as pre. */
  public void post(FloatMatrix post, FloatMatrix pre, Optional<FloatMatrix> preLinear) {
    preLinear.ifPresentOrElse(
        linear -> kernels.gatedActivate(post, pre, linear, function),
        () -> kernels.activate(post, pre, function));
  }

  /** Returns whether {@link #gatedPost} is possible: the layer is gated, and W_in has no bias. */
  public boolean hasGatedPost() {
    return isGated() && !in.hasBias();
  }

  /** post = what {@link #preLinear} and {@link #post} make; may be the same matrix as pre. */
  public void gatedPost(FloatMatrix post, FloatMatrix pre, FloatMatrix x) {
    in.gatedProduct(post, pre, x, function);
  }

  /** Returns whether {@link #addOutput} is possible: W_out has no bias. */
  public boolean hasAddedOutput() {
    return !out.hasBias();
  }

  /** sum [tokens, d_model] += {@link #output}. */
  public void addOutput(FloatMatrix sum, FloatMatrix post) {
    out.addProduct(sum, post);
  }

  /** result [tokens, d_model] = post W_out + b_out. */
  public void output(FloatMatrix result, FloatMatrix post) {
    out.forward(result, post);
  }

  /** dPost = the gradient of {@link #output}. */
  public void outputBackward(FloatMatrix dPost, FloatMatrix dResult) {
    out.backward(dPost, dResult, Write.SET);
  }

  /** dPre, dPreLinear = the gradients of {@link #post}; dPre may be dPost. */
  public void postBackward(
      FloatMatrix dPre,
      Optional<FloatMatrix> dPreLinear,
      FloatMatrix dPost,
      FloatMatrix pre,
      Optional<FloatMatrix> preLinear) {
    dPreLinear.ifPresentOrElse(
        dLinear ->
            kernels.gatedActivateBackward(
                dPre, dLinear, dPost, pre, preLinear.orElseThrow(), function),
        () -> kernels.activateBackward(dPre, dPost, pre, function));
  }

  /** dx = the gradient of {@link #pre} and {@link #preLinear} together. */
  public void preBackward(FloatMatrix dx, FloatMatrix dPre, Optional<FloatMatrix> dPreLinear) {
    gate.orElse(in).backward(dx, dPre, Write.SET);
    dPreLinear.ifPresent(dLinear -> in.backward(dx, dLinear, Write.ADD));
  }

  /** Adds the gradients of {@link #output} with respect to W_out and b_out. */
  public void addOutputGradients(FloatMatrix dResult, FloatMatrix post) {
    out.addGradients(dResult, post);
  }

  /** Adds the gradients of {@link #pre} and {@link #preLinear} with respect to their weights. */
  public void addPreGradients(FloatMatrix dPre, Optional<FloatMatrix> dPreLinear, FloatMatrix x) {
    gate.orElse(in).addGradients(dPre, x);
    dPreLinear.ifPresent(dLinear -> in.addGradients(dLinear, x));
  }
}
