package mechinterp.sae.objective;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/** Sums over a batch that losses are made of; added up in double precision on the host. */
final class BatchSums {
  private final Kernels kernels;
  private final RowSums rowSums;
  private final FloatMatrix mean;

  BatchSums(Workspace workspace, String name, int batchSize, int dIn) {
    this.kernels = workspace.device().kernels();
    this.rowSums = new RowSums(workspace, name + " row sums", batchSize);
    this.mean = workspace.floats(name + " mean", 1, dIn);
  }

  /** Returns the sum of |x|^2 over the rows. */
  double squares(FloatMatrix x) {
    kernels.rowDots(rowSums.rows(), x, x);
    return rowSums.total();
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
