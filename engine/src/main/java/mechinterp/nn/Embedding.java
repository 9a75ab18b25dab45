package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** A table of vectors, one for each id. */
public final class Embedding {
  private final Kernels kernels;
  private final FloatMatrix table;

  /**
   * Makes the layer.
   *
   * @param device where the layer computes
   * @param table row i is the vector of id i [ids, width]
   */
  public Embedding(Device device, FloatMatrix table) {
    this.kernels = device.kernels();
    this.table = table;
  }

  /** out[t] = table[ids[t]]; out is [tokens, width], ids [1, tokens]. */
  public void forward(FloatMatrix out, IntMatrix ids) {
    kernels.gatherRows(out, table, ids);
  }

  /** Returns the vector of one id as a view [1, width]. */
  public FloatMatrix vector(int id) {
    return table.row(id);
  }

  /** Returns the number of ids. */
  public int size() {
    return table.rows();
  }

  /** Returns the columns of a vector. */
  public int width() {
    return table.cols();
  }
}
