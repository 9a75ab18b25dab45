package mechinterp.kernel;

/**
 * A right-hand factor [rows, cols] of matrix products in the layout that its kernels read fastest;
 * made, filled and read only by the {@link Kernels} that it came from. The encoder's weights stay
 * packed between training steps.
 */
public interface PackedMatrix {
  /** Returns the number of rows, the depth K of the product. */
  int rows();

  /** Returns the number of columns that it holds now. */
  int cols();

  /** Returns the largest number of columns that it can hold. */
  int capacity();

  /**
   * Returns the first columns in the same memory: what is packed anew is in both. It is for
   * reading.
   *
   * @param number at most {@link #cols}
   * @throws IllegalArgumentException when there are fewer
   */
  PackedMatrix firstColumns(int number);
}
