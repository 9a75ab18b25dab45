package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The reference of {@link NestedKernels}. */
final class ScalarNested implements NestedKernels {
  @Override
  public void addLatents(
      FloatMatrix out, SparseCodes codes, int first, int end, FloatMatrix decoder) {
    Elements dictionary = new Elements(decoder);
    Elements sums = new Elements(out);
    sums.setEach((t, j) -> {
      CodeRow row = new CodeRow(codes, t);
      double sum = sums.get(t, j);
      for (int slot = 0; slot < row.before(); slot++) {
        if (row.latent(slot) >= first && row.latent(slot) < end) {
          sum += (double) row.value(slot) * dictionary.get(row.latent(slot), j);
        }
      }
      return (float) sum;
    });
  }

  @Override
  public void codeGradients(
      FloatMatrix out,
      SparseCodes codes,
      int first,
      int end,
      FloatMatrix dOut,
      FloatMatrix decoder) {
    Elements dictionary = new Elements(decoder);
    Elements gradients = new Elements(dOut);
    Elements to = new Elements(out);
    for (int t = 0; t < codes.rows(); t++) {
      CodeRow row = new CodeRow(codes, t);
      for (int slot = 0; slot < row.before(); slot++) {
        if (row.latent(slot) >= first && row.latent(slot) < end) {
          to.write(t, slot, (float) gradients.dot(t, dictionary, row.latent(slot)), Write.SET);
        }
      }
    }
  }
}
