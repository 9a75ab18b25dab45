package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/**
 * RMS normalisation (Zhang and Sennrich 2019):
 *
 * <pre>
 *   scale = sqrt(mean of x^2 + epsilon)
 *   normalized = x / scale
 *   out = normalized * gain
 * </pre>
 */
public final class RmsNorm implements RowNorm {
  private final Kernels kernels;
  private final Weight gain;
  private final FloatMatrix ones;
  private final FloatMatrix zeros;
  private final float epsilon;

  /**
   * Makes the layer.
   *
   * @param device where the layer computes
   * @param gain what the normalised columns are multiplied by [1, cols]
   * @param epsilon what is added to the mean square
   * @throws IllegalArgumentException when the gain is no row
   */
  public RmsNorm(Device device, Weight gain, float epsilon) {
    int cols = gain.value().cols();
    Shapes.requireRow("rms norm", "gain", gain.value(), cols);
    this.kernels = device.kernels();
    this.gain = gain;
    this.ones = device.floats(1, cols);
    this.zeros = device.floats(1, cols);
    this.epsilon = epsilon;
    kernels.fill(ones, 1);
  }

  @Override
  public void scale(FloatMatrix scale, FloatMatrix x) {
    kernels.normScale(scale, x, epsilon, Norm.RMS);
  }

  @Override
  public void normalize(FloatMatrix normalized, FloatMatrix x, FloatMatrix scale) {
    kernels.norm(normalized, x, scale, ones, zeros, Norm.RMS);
  }

  @Override
  public void output(FloatMatrix out, FloatMatrix normalized) {
    kernels.multiplyRow(out, normalized, gain.value());
  }

  @Override
  public void forward(FloatMatrix out, FloatMatrix x, FloatMatrix scale) {
    kernels.norm(out, x, scale, gain.value(), zeros, Norm.RMS);
  }

  @Override
  public boolean normalizedIsOutput() {
    return false;
  }

  @Override
  public void outputBackward(FloatMatrix dNormalized, FloatMatrix dOut) {
    kernels.multiplyRow(dNormalized, dOut, gain.value());
  }

  @Override
  public void normalizeBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dNormalized,
      FloatMatrix x,
      FloatMatrix scale) {
    kernels.normBackward(dx, dScale, dNormalized, x, scale, ones, Norm.RMS);
  }

  @Override
  public void scaleBackward(FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale) {
    kernels.normScaleBackward(dx, dScale, x, scale, Norm.RMS);
  }

  @Override
  public void addOutputGradients(FloatMatrix dOut, FloatMatrix normalized, FloatMatrix column) {
    gain.parameter().ifPresent(g -> addGainGradient(g.gradient(), dOut, normalized, column));
  }

  /** The sum over rows of dOut * normalized is the kernel's with a scale of 1. */
  private void addGainGradient(
      FloatMatrix dGain, FloatMatrix dOut, FloatMatrix normalized, FloatMatrix one) {
    kernels.fill(one, 1);
    kernels.normGainGradient(dGain, dOut, normalized, one, Norm.RMS, Write.ADD);
  }

  @Override
  public void addNormalizeGradients(FloatMatrix dNormalized, FloatMatrix x, FloatMatrix scale) {}

  @Override
  public int width() {
    return gain.value().cols();
  }
}
