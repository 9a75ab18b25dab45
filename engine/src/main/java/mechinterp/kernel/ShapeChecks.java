package mechinterp.kernel;

import java.util.function.Supplier;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.Matrix;
import mechinterp.tensor.SparseCodes;

/** The conditions of {@link CheckedKernels} and the words in which it refuses. */
final class ShapeChecks {
  private ShapeChecks() {}

  static void require(boolean holds, Supplier<String> message) {
    if (!holds) {
      throw new IllegalArgumentException(message.get());
    }
  }

  static void requireSame(String kernel, Matrix<?> a, Matrix<?> b) {
    require(
        a.rows() == b.rows() && a.cols() == b.cols(),
        () ->
            "%s: shapes are %s and %s; they must be equal".formatted(kernel, a.shape(), b.shape()));
  }

  static void requireShape(String kernel, String name, Matrix<?> matrix, int rows, int cols) {
    require(
        matrix.rows() == rows && matrix.cols() == cols,
        () ->
            "%s: %s is %s; it must be [%d, %d]"
                .formatted(kernel, name, matrix.shape(), rows, cols));
  }

  static void requireRows(String kernel, SparseCodes codes, Matrix<?> matrix) {
    require(
        codes.rows() == matrix.rows(),
        () ->
            "%s: codes have %d rows, the matrix is %s; rows must be equal"
                .formatted(kernel, codes.rows(), matrix.shape()));
  }

  static void requireDepth(String kernel, FloatMatrix a, PackedMatrix b) {
    require(
        a.cols() == b.rows(),
        () ->
            "%s: a is %s, b is [%d, %d]; a's columns must equal b's rows"
                .formatted(kernel, a.shape(), b.rows(), b.cols()));
  }

  static void requirePackable(String kernel, PackedMatrix packed, int rows, int cols) {
    require(
        packed.rows() == rows && packed.capacity() >= cols,
        () ->
            "%s: the matrix is [%d, %d], the packed one has %d rows and holds up to %d columns; rows must be equal and columns must fit"
                .formatted(kernel, rows, cols, packed.rows(), packed.capacity()));
  }

  static void requirePositive(String kernel, String name, float value) {
    require(
        value > 0 && value < Float.POSITIVE_INFINITY,
        () -> "%s: %s is %s; it must be positive and finite".formatted(kernel, name, value));
  }

  static void requireNotNegative(String kernel, String name, float value) {
    require(
        value >= 0, () -> "%s: %s is %s; it must not be negative".formatted(kernel, name, value));
  }

  /** Requires that heads divide the columns of a matrix. */
  static void requireHeads(String kernel, String name, Matrix<?> matrix, int heads) {
    require(
        heads >= 1 && matrix.cols() % heads == 0,
        () ->
            "%s: %s is %s with %d heads; heads must divide the columns"
                .formatted(kernel, name, matrix.shape(), heads));
  }

  /** Returns what is said of an operand behind its name. */
  static String mark(Operand operand) {
    return operand == Operand.AS_IS ? "" : " transposed";
  }
}
