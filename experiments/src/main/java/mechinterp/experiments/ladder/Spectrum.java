package mechinterp.experiments.ladder;

import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/** How many directions activations spread over. */
final class Spectrum {
  private static final int SAMPLE = 8192;

  private Spectrum() {}

  /**
   * Returns the participation ratio (sum of l)^2 / sum of l^2 of the eigenvalues l of the
   * covariance of the first activations of a store: d for equal ones, 1 where all lie on a line.
   *
   * @param mean of the activations [1, d]
   */
  static double participationRatio(ActivationStore store, FloatMatrix mean, Device device) {
    int count = Math.min(SAMPLE, store.tokens());
    int width = store.dIn();
    float[] rows = new float[Math.multiplyExact(count, width)];
    store.read(0, count, rows, 0);
    Kernels kernels = device.kernels();
    FloatMatrix x = device.matrix(count, width, rows);
    kernels.addRow(x, x, mean, -1);
    FloatMatrix covariance = device.floats(width, width);
    kernels.matmul(covariance, x, Operand.TRANSPOSED, x, Operand.AS_IS, Write.SET);
    float[] values = device.toHost(covariance);
    double trace = 0;
    double squares = 0;
    for (int i = 0; i < values.length; i++) {
      squares += (double) values[i] * values[i];
      trace += i % (width + 1) == 0 ? values[i] : 0;
    }
    return trace * trace / squares;
  }
}
