package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The reference of {@link SelectionKernels}. */
final class ScalarSelection implements SelectionKernels {
  private final ScalarKernels kernels;

  ScalarSelection(ScalarKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void encodeAbove(
      SparseCodes codes,
      FloatMatrix x,
      PackedMatrix encoder,
      FloatMatrix bias,
      FloatMatrix thresholds) {
    FloatMatrix products = HostMemory.newRow(encoder.cols());
    for (int t = 0; t < x.rows(); t++) {
      kernels.matmulPacked(products, x.row(t), encoder);
      CodeRow row = new CodeRow(codes, t);
      for (int f = 0; f < encoder.cols(); f++) {
        float z = new Elements(products).get(0, f) + new Elements(bias).get(0, f);
        if (z > new Elements(thresholds).get(0, f)) {
          row.add(f, z);
        }
      }
      row.end();
    }
  }

  @Override
  public void encodeGroupMax(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    FloatMatrix products = HostMemory.newRow(encoder.cols());
    for (int t = 0; t < x.rows(); t++) {
      kernels.matmulPacked(products, x.row(t), encoder);
      GroupMaxima maxima = new GroupMaxima(1, encoder.cols(), k);
      for (int f = 0; f < encoder.cols(); f++) {
        maxima.add(0, f, new Elements(products).get(0, f) + new Elements(bias).get(0, f));
      }
      maxima.write(0, new CodeRow(codes, t));
    }
  }

  @Override
  public float keepLargest(SparseCodes codes, long count) {
    float[] sorted = activations(codes);
    Arrays.sort(sorted);
    if (sorted.length <= count) {
      return sorted.length == 0 ? Float.POSITIVE_INFINITY : sorted[0];
    }
    float least = count == 0 ? Float.POSITIVE_INFINITY : sorted[(int) (sorted.length - count)];
    long ties = count;
    for (float value : sorted) {
      ties -= value > least ? 1 : 0;
    }
    BatchSelection.keep(codes, least, ties);
    return least;
  }

  private static float[] activations(SparseCodes codes) {
    float[] all = new float[Math.toIntExact(codes.values().size())];
    int entries = 0;
    for (int t = 0; t < codes.rows(); t++) {
      CodeRow row = new CodeRow(codes, t);
      for (int slot = 0; slot < row.before(); slot++) {
        all[entries++] = row.value(slot);
      }
    }
    return Arrays.copyOf(all, entries);
  }

  @Override
  public void keepLargestOfEach(SparseCodes out, SparseCodes codes, int k) {
    for (int t = 0; t < codes.rows(); t++) {
      float[] sorted = activations(codes.rowRange(t, t + 1));
      Arrays.sort(sorted);
      float least = sorted.length > k ? sorted[sorted.length - k] : 0;
      BatchSelection.keepLargest(out, codes, t, least, k);
    }
  }
}
