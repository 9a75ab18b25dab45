package mechinterp.nn;

import mechinterp.tensor.FloatMatrix;

/** Checks that weights fit each other when a layer is made. */
final class Shapes {
  private Shapes() {}

  static void requireRow(String layer, String name, FloatMatrix row, int cols) {
    if (row.rows() != 1 || row.cols() != cols) {
      throw new IllegalArgumentException(
          "%s: %s is %s; it must be [1, %d]".formatted(layer, name, row.shape(), cols));
    }
  }

  static void requireWidth(String layer, String name, int width, int expected) {
    if (width != expected) {
      throw new IllegalArgumentException(
          "%s: %s is %d; it must be %d".formatted(layer, name, width, expected));
    }
  }
}
