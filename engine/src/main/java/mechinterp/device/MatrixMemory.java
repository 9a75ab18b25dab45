package mechinterp.device;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * A memory that holds matrices. Numbers enter and leave only by upload and download. Host arrays
 * are row-major without gaps.
 */
public interface MatrixMemory extends AutoCloseable {
  /** Returns the name that reports print, such as {@code cpu (vector-512, 2 threads)}. */
  String name();

  /** Returns a new matrix of zeros. */
  FloatMatrix floats(int rows, int cols);

  /** Returns a new matrix of zeros. */
  IntMatrix ints(int rows, int cols);

  /**
   * Copies {@code to.size()} numbers of a host array, from index {@code offset} on, into a matrix.
   *
   * @throws IllegalArgumentException when the array is too short
   */
  void upload(FloatMatrix to, float[] from, int offset);

  /**
   * Copies {@code to.size()} numbers of a host array, from index {@code offset} on, into a matrix.
   */
  void upload(IntMatrix to, int[] from, int offset);

  /**
   * Copies a matrix into a host array, from index {@code offset} on.
   *
   * @throws IllegalArgumentException when the array is too short
   */
  void download(float[] to, int offset, FloatMatrix from);

  /** Copies a matrix into a host array, from index {@code offset} on. */
  void download(int[] to, int offset, IntMatrix from);

  /** Returns how many bytes can still be allocated, as far as is known. */
  long availableBytes();

  /** Ends threads and contexts; the matrices are unusable afterwards. */
  @Override
  void close();

  /**
   * Returns a new matrix with the numbers of a host array, whose length must be {@code rows *
   * cols}.
   */
  default FloatMatrix matrix(int rows, int cols, float[] values) {
    FloatMatrix matrix = floats(rows, cols);
    checkLength(rows, cols, values.length);
    upload(matrix, values, 0);
    return matrix;
  }

  /**
   * Returns a new matrix with the numbers of a host array, whose length must be {@code rows *
   * cols}.
   */
  default IntMatrix matrix(int rows, int cols, int[] values) {
    IntMatrix matrix = ints(rows, cols);
    checkLength(rows, cols, values.length);
    upload(matrix, values, 0);
    return matrix;
  }

  /** Returns the numbers of a matrix in a new host array. */
  default float[] toHost(FloatMatrix matrix) {
    float[] values = new float[Math.toIntExact(matrix.size())];
    download(values, 0, matrix);
    return values;
  }

  /** Returns the numbers of a matrix in a new host array. */
  default int[] toHost(IntMatrix matrix) {
    int[] values = new int[Math.toIntExact(matrix.size())];
    download(values, 0, matrix);
    return values;
  }

  private static void checkLength(int rows, int cols, int length) {
    if ((long) rows * cols != length) {
      throw new IllegalArgumentException(
          "matrix: shape is [%d, %d], the array has %d numbers; it must have rows * columns"
              .formatted(rows, cols, length));
    }
  }
}
