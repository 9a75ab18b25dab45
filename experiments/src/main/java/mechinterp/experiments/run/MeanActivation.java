package mechinterp.experiments.run;

import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;

/** The mean activation of a store. */
public final class MeanActivation {
  private static final int BATCH = 1024;

  private MeanActivation() {}

  /** Returns the mean over all tokens [1, d_in], added up in double precision. */
  public static FloatMatrix of(ActivationStore store, Device device) {
    int dIn = store.dIn();
    double[] sums = new double[dIn];
    float[] rows = new float[Math.multiplyExact(BATCH, dIn)];
    for (int first = 0; first < store.tokens(); first += BATCH) {
      int count = Math.min(BATCH, store.tokens() - first);
      store.read(first, count, rows, 0);
      for (int i = 0; i < count * dIn; i++) {
        sums[i % dIn] += rows[i];
      }
    }
    float[] mean = new float[dIn];
    for (int j = 0; j < dIn; j++) {
      mean[j] = (float) (sums[j] / store.tokens());
    }
    return device.matrix(1, dIn, mean);
  }
}
