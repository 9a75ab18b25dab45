package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
import mechinterp.tensor.FloatMatrix;

/** Layer normalisation of rows (Ba et al. 2016); see {@link Kernels#norm}. */
public final class LayerNorm {
  private final Kernels kernels;
  private final FloatMatrix gain;
  private final FloatMatrix bias;
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
  public LayerNorm(Device device, FloatMatrix gain, FloatMatrix bias, float epsilon) {
    Shapes.requireRow("layer norm", "gain", gain, gain.cols());
    Shapes.requireRow("layer norm", "bias", bias, gain.cols());
    this.kernels = device.kernels();
    this.gain = gain;
    this.bias = bias;
    this.epsilon = epsilon;
  }

  /**
   * out = the normalised rows of x; out may be x.
   *
   * @param scale the rows' deviations, written too [rows, 1]
   */
  public void forward(FloatMatrix out, FloatMatrix scale, FloatMatrix x) {
    kernels.normScale(scale, x, epsilon, Norm.LAYER);
    kernels.norm(out, x, scale, gain, bias, Norm.LAYER);
  }
}
