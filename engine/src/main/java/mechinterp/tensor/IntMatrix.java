package mechinterp.tensor;

/** A row-major 2-D view of 32-bit integers on some device. */
public final class IntMatrix extends Matrix<IntMatrix> {
  /**
   * Makes a view of {@code storage}.
   *
   * @throws IllegalArgumentException when the layout ends beyond the storage
   */
  public IntMatrix(Storage storage, MatrixLayout layout) {
    super(storage, layout);
  }

  @Override
  IntMatrix view(MatrixLayout layout) {
    return new IntMatrix(storage(), layout);
  }
}
