package mechinterp.activation;

/** Finds what is not a finite number. */
final class FiniteNumbers {
  private FiniteNumbers() {}

  /**
   * Returns the index of the first NaN or infinity among {@code count} numbers from index {@code
   * from} on, or -1.
   */
  static int firstOther(float[] values, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (!Float.isFinite(values[i])) {
        return i;
      }
    }
    return -1;
  }
}
