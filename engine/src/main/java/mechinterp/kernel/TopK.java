package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.IntMatrix;
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
    IntMatrix indices = codes.indices();
    int[] latents = HostMemory.ints(indices);
    float[] values = HostMemory.floats(codes.values());
    int indexBase = indices.layout().index(row, 0);
    int valueBase = codes.values().layout().index(row, 0);
    int count = 0;
    for (int f = 0; f < preActivations.length; f++) {
      float value = preActivations[f];
      if (value > 0 && (value > limit || (value == limit && ties-- > 0))) {
        latents[indexBase + count] = f;
        values[valueBase + count] = value;
        count++;
      }
    }
    Arrays.fill(latents, indexBase + count, indexBase + codes.capacity(), 0);
    Arrays.fill(values, valueBase + count, valueBase + codes.capacity(), 0);
    HostMemory.ints(codes.counts())[codes.counts().layout().index(row, 0)] = count;
  }

  private static float kthLargest(float[] values, int k) {
    float[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length - k];
  }
}
