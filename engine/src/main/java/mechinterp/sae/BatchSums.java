package mechinterp.sae;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/** Sums over a batch that losses are made of; added up in double precision on the host. */
final class BatchSums {
  private final Device device;
  private final Kernels kernels;
  private final FloatMatrix rowSums;
  private final FloatMatrix mean;
  private final float[] onHost;

  BatchSums(Workspace workspace, String name, int batchSize, int dIn) {
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.rowSums = workspace.floats(name + " row sums", batchSize, 1);
    this.mean = workspace.floats(name + " mean", 1, dIn);
    this.onHost = workspace.onHost(float[]::new, batchSize);
  }

  /** Returns the sum of |x|^2 over the rows. */
  double squares(FloatMatrix x) {
    kernels.rowDots(rowSums, x, x);
    device.download(onHost, 0, rowSums);
    double sum = 0;
    for (float square : onHost) {
      sum += square;
    }
    return sum;
  }

  /**
   * Returns the sum of |x - mean of the rows|^2: two passes, so that a mean far from 0 costs no
   * precision.
   *
   * @param scratch of the shape of x; overwritten
   */
  double variance(FloatMatrix x, FloatMatrix scratch) {
    kernels.sumRows(mean, x, Write.SET);
    kernels.scale(mean, mean, 1f / x.rows());
    kernels.addRow(scratch, x, mean, -1);
    return squares(scratch);
  }
}
