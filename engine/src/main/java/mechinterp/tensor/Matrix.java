package mechinterp.tensor;

/**
 * A row-major 2-D view of numbers on some device: a handle, not the numbers. Views of one storage
 * share its numbers. A vector is a matrix of one row.
 *
 * @param <M> the kind of matrix itself, so that a view of floats is a matrix of floats
 */
public abstract sealed class Matrix<M extends Matrix<M>> permits FloatMatrix, IntMatrix {
  private final Storage storage;
  private final MatrixLayout layout;

  Matrix(Storage storage, MatrixLayout layout) {
    layout.checkFits(storage);
    this.storage = storage;
    this.layout = layout;
  }

  abstract M view(MatrixLayout layout);

  /** Returns the storage, for the kernels of the device that made it. */
  public final Storage storage() {
    return storage;
  }

  /** Returns where the elements are in the storage. */
  public final MatrixLayout layout() {
    return layout;
  }

  /** Returns the number of rows. */
  public final int rows() {
    return layout.rows();
  }

  /** Returns the number of columns. */
  public final int cols() {
    return layout.cols();
  }

  /** Returns the number of elements. */
  public final long size() {
    return layout.size();
  }

  /** Returns a view of rows {@code from} to {@code to - 1}. */
  public final M rowRange(int from, int to) {
    return view(layout.rowRange(from, to));
  }

  /** Returns a view of one row, [1, cols]. */
  public final M row(int row) {
    return rowRange(row, row + 1);
  }

  /** Returns a view of columns {@code from} to {@code to - 1}. */
  public final M columnRange(int from, int to) {
    return view(layout.columnRange(from, to));
  }

  /**
   * Returns a view of the same numbers in the same order with another shape.
   *
   * @throws IllegalArgumentException when the rows have gaps or the number of elements differs
   */
  public final M reshaped(int rows, int cols) {
    return view(layout.reshaped(rows, cols));
  }

  /** Returns the shape as {@code [rows, cols]}. */
  public final String shape() {
    return layout.shape();
  }

  @Override
  public final String toString() {
    return getClass().getSimpleName() + shape();
  }
}
