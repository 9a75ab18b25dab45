package mechinterp.sae.file;

/** Turns rows into columns on the host, between a file's orientation and the device's. */
final class Transpose {
  private Transpose() {}

  /** Returns the transpose [cols, rows] of a row-major matrix [rows, cols]. */
  static float[] of(float[] values, int rows, int cols) {
    float[] transposed = new float[values.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        transposed[j * rows + i] = values[i * cols + j];
      }
    }
    return transposed;
  }
}
