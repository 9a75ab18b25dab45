package mechinterp.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.HostInts;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.MatrixLayout;
import mechinterp.tensor.SparseCodes;

/**
 * Matrices for kernel tests: views inside larger arrays of NaN, so that whoever reads or writes
 * beside them is caught.
 */
final class TestMatrices {
  private static final int MARGIN = 5;

  private final RandomStream random;
  private long drawn;

  TestMatrices(long seed) {
    random = RandomStream.of(seed, "test matrices");
  }

  /** Normal numbers in a view with a margin of NaN around it. */
  FloatMatrix gaussian(int rows, int cols) {
    FloatMatrix matrix = empty(rows, cols);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        set(matrix, i, j, (float) random.gaussian(drawn++));
      }
    }
    return matrix;
  }

  /** Codes of random latents, from none to as many as fit in a row, with unused slots cleared. */
  SparseCodes codes(int rows, int capacity, int latents) {
    SparseCodes codes = emptyCodes(rows, capacity, latents);
    for (int t = 0; t < rows; t++) {
      int count = 0;
      for (int f = 0; f < latents && count < capacity; f++) {
        if (random.uniform(drawn++) < capacity / (double) latents) {
          setInt(codes.indices(), t, count, f);
          set(codes.values(), t, count, (float) (0.1 + random.uniform(drawn++)));
          count++;
        }
      }
      setInt(codes.counts(), t, 0, count);
    }
    return codes;
  }

  static SparseCodes emptyCodes(int rows, int capacity, int latents) {
    FloatMatrix values = empty(rows, capacity);
    new ScalarKernels().fill(values, 0);
    return new SparseCodes(ints(rows, capacity), values, ints(rows, 1), latents);
  }

  static LatentOrder order(SparseCodes codes) {
    LatentOrder order =
        new LatentOrder(
            ints(1, codes.latents() + 1),
            ints(1, codes.rows() * codes.capacity()),
            codes.capacity());
    new ScalarKernels().orderByLatent(order, codes);
    return order;
  }

  /** A view of NaN in a margin of NaN. */
  static FloatMatrix empty(int rows, int cols) {
    int stride = cols + MARGIN;
    float[] array = new float[MARGIN + rows * stride + MARGIN];
    Arrays.fill(array, Float.NaN);
    return new FloatMatrix(new HostFloats(array), new MatrixLayout(MARGIN, rows, cols, stride));
  }

  static FloatMatrix copyOf(FloatMatrix x) {
    FloatMatrix copy = empty(x.rows(), x.cols());
    new ScalarKernels().copy(copy, x);
    return copy;
  }

  static FloatMatrix of(float[]... rows) {
    FloatMatrix matrix = empty(rows.length, rows[0].length);
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        set(matrix, i, j, rows[i][j]);
      }
    }
    return matrix;
  }

  static IntMatrix ints(int rows, int cols) {
    return new IntMatrix(new HostInts(new int[rows * cols]), MatrixLayout.contiguous(rows, cols));
  }

  static IntMatrix intRow(int... values) {
    return new IntMatrix(new HostInts(values), MatrixLayout.contiguous(1, values.length));
  }

  /** Spans of attention, four numbers for each sequence. */
  static IntMatrix spans(int... values) {
    return new IntMatrix(new HostInts(values), MatrixLayout.contiguous(values.length / 4, 4));
  }

  static float get(FloatMatrix matrix, int row, int col) {
    return HostMemory.floats(matrix)[matrix.layout().index(row, col)];
  }

  static void set(FloatMatrix matrix, int row, int col, float value) {
    HostMemory.floats(matrix)[matrix.layout().index(row, col)] = value;
  }

  static int getInt(IntMatrix matrix, int row, int col) {
    return HostMemory.ints(matrix)[matrix.layout().index(row, col)];
  }

  static void setInt(IntMatrix matrix, int row, int col, int value) {
    HostMemory.ints(matrix)[matrix.layout().index(row, col)] = value;
  }

  /**
   * Checks every element to a tolerance that grows with the size of the numbers, and that the
   * margin is still NaN.
   */
  static void assertClose(FloatMatrix expected, FloatMatrix actual, double tolerance) {
    assertEquals(expected.shape(), actual.shape());
    for (int i = 0; i < expected.rows(); i++) {
      for (int j = 0; j < expected.cols(); j++) {
        float wanted = get(expected, i, j);
        float found = get(actual, i, j);
        double allowed = tolerance * Math.max(1, Math.abs(wanted));
        assertTrue(
            wanted == found || Math.abs(wanted - found) <= allowed,
            "element (" + i + ", " + j + "): expected " + wanted + ", found " + found);
      }
    }
    assertMarginUntouched(actual);
  }

  static void assertSameBits(FloatMatrix expected, FloatMatrix actual) {
    assertEquals(expected.shape(), actual.shape());
    for (int i = 0; i < expected.rows(); i++) {
      for (int j = 0; j < expected.cols(); j++) {
        assertEquals(
            Float.floatToRawIntBits(get(expected, i, j)),
            Float.floatToRawIntBits(get(actual, i, j)),
            "element (" + i + ", " + j + ")");
      }
    }
  }

  static void assertSameCodes(SparseCodes expected, SparseCodes actual, double tolerance) {
    for (int t = 0; t < expected.rows(); t++) {
      assertEquals(getInt(expected.counts(), t, 0), getInt(actual.counts(), t, 0), "row " + t);
      for (int slot = 0; slot < expected.capacity(); slot++) {
        assertEquals(
            getInt(expected.indices(), t, slot),
            getInt(actual.indices(), t, slot),
            "index of row " + t + ", slot " + slot);
      }
    }
    assertClose(expected.values(), actual.values(), tolerance);
  }

  private static void assertMarginUntouched(FloatMatrix matrix) {
    float[] array = HostMemory.floats(matrix);
    MatrixLayout layout = matrix.layout();
    for (int i = 0; i < array.length; i++) {
      int place = i - layout.offset();
      boolean inside =
          place >= 0
              && place / layout.rowStride() < layout.rows()
              && place % layout.rowStride() < layout.cols();
      assertTrue(inside || Float.isNaN(array[i]), "number " + i + " beside the view was written");
    }
  }
}
