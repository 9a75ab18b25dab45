package mechinterp.tensor;

/** A row-major 2-D view of 32-bit floats on some device. */
public final class FloatMatrix extends Matrix<FloatMatrix> {
  /**
   * Makes a view of {@code storage}.
   *
   * @throws IllegalArgumentException when the layout ends beyond the storage
   */
  public FloatMatrix(Storage storage, MatrixLayout layout) {
    super(storage, layout);
  }

  @Override
  FloatMatrix view(MatrixLayout layout) {
    return new FloatMatrix(storage(), layout);
  }
}
