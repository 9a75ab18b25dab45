package mechinterp.kernel;

/** Selection by partitioning (Hoare 1961, "Find"). */
final class Selection {
  private Selection() {}

  /** Returns the k-th largest of the first {@code count} values, which are reordered. */
  static float kthLargest(float[] values, int count, int k) {
    int low = 0;
    int high = count - 1;
    int target = k - 1;
    while (low < high) {
      float pivot = median(values[low], values[(low + high) >>> 1], values[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] > pivot) {
          i++;
        }
        while (values[j] < pivot) {
          j--;
        }
        if (i <= j) {
          float value = values[i];
          values[i++] = values[j];
          values[j--] = value;
        }
      }
      if (target <= j) {
        high = j;
      } else if (target >= i) {
        low = i;
      } else {
        return values[target];
      }
    }
    return values[target];
  }

  private static float median(float a, float b, float c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
