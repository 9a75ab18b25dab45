package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;

/** An affine map of rows: out = x W + b, with W [in, out] and b [1, out]. */
public final class Linear {
  private final Kernels kernels;
  private final PackedMatrix weight;
  private final FloatMatrix bias;

  /**
   * Packs the weight once for all products; the weight itself is not kept.
   *
   * @param device where the layer computes
   * @param weight W [in, out]
   * @param bias b [1, out]
   * @throws IllegalArgumentException when the shapes do not fit each other
   */
  public Linear(Device device, FloatMatrix weight, FloatMatrix bias) {
    Shapes.requireRow("linear", "bias", bias, weight.cols());
    this.kernels = device.kernels();
    this.weight = kernels.allocatePacked(weight.rows(), weight.cols());
    this.bias = bias;
    kernels.pack(this.weight, weight, Operand.AS_IS);
  }

  /** out [tokens, out] = x [tokens, in] W + b; out does not overlap x. */
  public void forward(FloatMatrix out, FloatMatrix x) {
    kernels.matmulPacked(out, x, weight);
    kernels.addRow(out, out, bias, 1);
  }

  /** Returns the number of columns that it takes. */
  public int in() {
    return weight.rows();
  }

  /** Returns the number of columns that it makes. */
  public int out() {
    return weight.cols();
  }
}
