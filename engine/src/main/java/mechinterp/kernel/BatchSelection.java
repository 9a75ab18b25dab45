package mechinterp.kernel;

import mechinterp.tensor.SparseCodes;

/** How entries of codes are dropped: nothing here for vectors to do. */
final class BatchSelection {
  private BatchSelection() {}

  /** Keeps what is above {@code least}, and the first {@code ties} entries that are equal to it. */
  static void keep(SparseCodes codes, float least, long ties) {
    long left = ties;
    for (int t = 0; t < codes.rows(); t++) {
      CodeRow row = new CodeRow(codes, t);
      for (int slot = 0; slot < row.before(); slot++) {
        float value = row.value(slot);
        if (value > least || (value == least && left-- > 0)) {
          row.add(row.latent(slot), value);
        }
      }
      row.end();
    }
  }

  /**
   * Row {@code t} of {@link SelectionKernels#keepLargestOfEach}.
   *
   * @param limit at most k activations are above it; those that are missing to k are equal to it
   */
  static void keepLargest(SparseCodes out, SparseCodes codes, int t, float limit, int k) {
    CodeRow from = new CodeRow(codes, t);
    CodeRow to = new CodeRow(out, t);
    int equals = k;
    for (int slot = 0; slot < from.before(); slot++) {
      equals -= from.value(slot) > limit ? 1 : 0;
    }
    for (int slot = 0; slot < from.before(); slot++) {
      float value = from.value(slot);
      if (value > limit || (value == limit && equals-- > 0)) {
        to.add(from.latent(slot), value);
      }
    }
    to.end();
  }
}
