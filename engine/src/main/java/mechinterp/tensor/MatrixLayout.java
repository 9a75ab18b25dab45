package mechinterp.tensor;

/**
 * Where the elements of a row-major matrix are in its storage: element (i, j) is at {@code offset +
 * i * rowStride + j}.
 *
 * @param offset index of element (0, 0)
 * @param rows number of rows
 * @param cols number of columns
 * @param rowStride distance between the starts of two rows, at least {@code cols}
 */
public record MatrixLayout(int offset, int rows, int cols, int rowStride) {
  /** Checks that no number is negative and that rows do not overlap. */
  public MatrixLayout {
    if (offset < 0 || rows < 0 || cols < 0 || rowStride < cols) {
      throw new IllegalArgumentException(
          "layout: offset %d, shape [%d, %d], row stride %d; none may be negative and the row stride must be at least the columns"
              .formatted(offset, rows, cols, rowStride));
    }
  }

  /** Returns the layout of a matrix without gaps that begins at index 0. */
  public static MatrixLayout contiguous(int rows, int cols) {
    return new MatrixLayout(0, rows, cols, cols);
  }

  /** Returns the index behind the last element. */
  public long end() {
    return rows == 0 || cols == 0 ? offset : offset + (rows - 1L) * rowStride + cols;
  }

  /** Returns the number of elements. */
  public long size() {
    return (long) rows * cols;
  }

  /** Returns whether the rows follow each other without gaps. */
  public boolean isContiguous() {
    return rowStride == cols || rows <= 1;
  }

  /** Returns the index of element ({@code row}, {@code col}). */
  public int index(int row, int col) {
    return offset + row * rowStride + col;
  }

  /**
   * Returns the layout of rows {@code from} to {@code to - 1}.
   *
   * @throws IllegalArgumentException when the range is not inside the matrix
   */
  public MatrixLayout rowRange(int from, int to) {
    checkRange("rows", from, to, rows);
    return new MatrixLayout(from == to ? offset : index(from, 0), to - from, cols, rowStride);
  }

  /**
   * Returns the layout of columns {@code from} to {@code to - 1}.
   *
   * @throws IllegalArgumentException when the range is not inside the matrix
   */
  public MatrixLayout columnRange(int from, int to) {
    checkRange("columns", from, to, cols);
    return new MatrixLayout(offset + from, rows, to - from, rowStride);
  }

  /**
   * Returns the layout of the same elements in the same order as a matrix of another shape.
   *
   * @throws IllegalArgumentException when the rows have gaps or the number of elements differs
   */
  public MatrixLayout reshaped(int rows, int cols) {
    if (!isContiguous() || (long) rows * cols != size()) {
      throw new IllegalArgumentException(
          "reshaped: %s with row stride %d as [%d, %d]; rows must have no gaps and the number of elements must stay"
              .formatted(shape(), rowStride, rows, cols));
    }
    return new MatrixLayout(offset, rows, cols, cols);
  }

  /** Returns the shape as {@code [rows, cols]}. */
  public String shape() {
    return "[" + rows + ", " + cols + "]";
  }

  /**
   * Checks that a host array has as many numbers from an index on as the matrix.
   *
   * @param action what is done with it, for the message
   * @throws IllegalArgumentException when it has fewer
   */
  public void requireArray(String action, int offset, int length) {
    if (offset < 0 || offset + size() > length) {
      throw new IllegalArgumentException(
          "%s: matrix is %s, array has %d numbers from index %d on; it must have as many as the matrix"
              .formatted(action, shape(), length - offset, offset));
    }
  }

  void checkFits(Storage storage) {
    if (end() > storage.length()) {
      throw new IllegalArgumentException(
          "matrix: %s at offset %d with row stride %d ends at %d; the storage has %d numbers"
              .formatted(shape(), offset, rowStride, end(), storage.length()));
    }
  }

  private void checkRange(String what, int from, int to, int limit) {
    if (from < 0 || to < from || to > limit) {
      throw new IllegalArgumentException(
          "%s %d to %d of %s; the range must lie within 0 to %d"
              .formatted(what, from, to, shape(), limit));
    }
  }
}
