package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.HostInts;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.Matrix;
import mechinterp.tensor.MatrixLayout;

/** The arrays behind matrices in host memory. */
final class HostMemory {
  private HostMemory() {}

  /**
   * Returns the array that {@code matrix} is a view of.
   *
   * @throws IllegalArgumentException when the matrix lives elsewhere
   */
  static float[] floats(FloatMatrix matrix) {
    return switch (matrix.storage()) {
      case HostFloats host -> host.array();
      default -> throw elsewhere(matrix);
    };
  }

  /** Returns the array that {@code matrix} is a view of. */
  static int[] ints(IntMatrix matrix) {
    return switch (matrix.storage()) {
      case HostInts host -> host.array();
      default -> throw elsewhere(matrix);
    };
  }

  /** Returns one number. */
  static int intAt(IntMatrix matrix, int row, int col) {
    return ints(matrix)[matrix.layout().index(row, col)];
  }

  /** Returns a new row of zeros [1, cols]. */
  static FloatMatrix newRow(int cols) {
    return new FloatMatrix(new HostFloats(new float[cols]), MatrixLayout.contiguous(1, cols));
  }

  private static IllegalArgumentException elsewhere(Matrix<?> matrix) {
    return new IllegalArgumentException(
        "%s is in %s; the CPU's kernels need host memory"
            .formatted(matrix, matrix.storage().location()));
  }
}
