package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/**
 * Layer normalisation (Ba et al. 2016):
 *
 * <pre>
 *   scale = sqrt(variance + epsilon)
 *   normalized = (x - mean) / scale * gain + bias
 *   out = normalized
 * </pre>
 */
public final class LayerNorm implements RowNorm {
  private final Kernels kernels;
  private final Weight gain;
  private final Weight bias;
  private final float epsilon;

  /**
   * Makes the layer.
   *
   * @param device where the layer computes
   * @param gain what the normalised columns are multiplied by [1, cols]
   * @param bias what is added afterwards [1, cols]
   * @param epsilon what is added to the variance
   * @throws IllegalArgumentException when the shapes do not fit each other
   */
  public LayerNorm(Device device, Weight gain, Weight bias, float epsilon) {
    Shapes.requireRow("layer norm", "gain", gain.value(), gain.value().cols());
    Shapes.requireRow("layer norm", "bias", bias.value(), gain.value().cols());
    this.kernels = device.kernels();
    this.gain = gain;
    this.bias = bias;
    this.epsilon = epsilon;
  }

  @Override
  public void scale(FloatMatrix scale, FloatMatrix x) {
    kernels.normScale(scale, x, epsilon, Norm.LAYER);
  }

  @Override
  public void normalize(FloatMatrix normalized, FloatMatrix x, FloatMatrix scale) {
    kernels.norm(normalized, x, scale, gain.value(), bias.value(), Norm.LAYER);
  }

  @Override
  public void output(FloatMatrix out, FloatMatrix normalized) {
    copy(out, normalized);
  }

  @Override
  public void forward(FloatMatrix out, FloatMatrix x, FloatMatrix scale) {
    normalize(out, x, scale);
  }

  @Override
  public boolean normalizedIsOutput() {
    return true;
  }

  @Override
  public void outputBackward(FloatMatrix dNormalized, FloatMatrix dOut) {
    copy(dNormalized, dOut);
  }

  private void copy(FloatMatrix to, FloatMatrix from) {
    if (to != from) {
      kernels.copy(to, from);
    }
  }

  @Override
  public void normalizeBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dNormalized,
      FloatMatrix x,
      FloatMatrix scale) {
    kernels.normBackward(dx, dScale, dNormalized, x, scale, gain.value(), Norm.LAYER);
  }

  @Override
  public void scaleBackward(FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale) {
    kernels.normScaleBackward(dx, dScale, x, scale, Norm.LAYER);
  }

  @Override
  public void addOutputGradients(FloatMatrix dOut, FloatMatrix normalized, FloatMatrix column) {}

  @Override
  public void addNormalizeGradients(FloatMatrix dNormalized, FloatMatrix x, FloatMatrix scale) {
    gain.parameter()
        .ifPresent(g ->
            kernels.normGainGradient(g.gradient(), dNormalized, x, scale, Norm.LAYER, Write.ADD));
    bias.parameter().ifPresent(b -> kernels.sumRows(b.gradient(), dNormalized, Write.ADD));
  }

  @Override
  public int width() {
    return gain.value().cols();
  }
}
