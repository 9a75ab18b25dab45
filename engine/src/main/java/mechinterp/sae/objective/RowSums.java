package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/** A number for each token of a batch, added up in double precision on the host. */
final class RowSums {
  private final Device device;
  private final FloatMatrix rows;
  private final float[] onHost;

  RowSums(Workspace workspace, String name, int batchSize) {
    this.device = workspace.device();
    this.rows = workspace.floats(name, batchSize, 1);
    this.onHost = workspace.onHost(float[]::new, batchSize);
  }

  /** Returns the numbers [batch size, 1]. */
  FloatMatrix rows() {
    return rows;
  }

  double total() {
    device.download(onHost, 0, rows);
    double sum = 0;
    for (float number : onHost) {
      sum += number;
    }
    return sum;
  }
}
