package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.SparseCodes;

/** The reference selection of a row of codes: by sorting. */
final class TopK {
  private TopK() {}

  /**
   * Writes row {@code row} of the codes: the k largest positive pre-activations, equal ones by the
   * lowest index.
   */
  static void writeRow(SparseCodes codes, int row, float[] preActivations, int k) {
    float limit = kthLargest(preActivations, k);
    int ties = k;
    for (float value : preActivations) {
      if (value > limit) {
        ties--;
      }
    }
    CodeRow to = new CodeRow(codes, row);
    for (int f = 0; f < preActivations.length; f++) {
      float value = preActivations[f];
      if (value > 0 && (value > limit || (value == limit && ties-- > 0))) {
        to.add(f, value);
      }
    }
    to.end();
  }

  private static float kthLargest(float[] values, int k) {
    float[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length - k];
  }
}
