package mechinterp.device.cuda;

import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;

/**
 * A factor as cuBLAS takes it: stored as it came, so that packing is a copy. Views share what is
 * packed.
 */
final class CudaPacked implements PackedMatrix {
  private final Content content;
  private final int rows;
  private final int capacity;
  private final boolean whole;

  /** What all views of one memory share. */
  private static final class Content {
    private final FloatMatrix numbers;
    private final int capacity;
    private Operand order = Operand.AS_IS;
    private int cols;

    Content(FloatMatrix numbers, int capacity) {
      this.numbers = numbers;
      this.capacity = capacity;
    }
  }

  private CudaPacked(Content content, int rows, int capacity, boolean whole) {
    this.content = content;
    this.rows = rows;
    this.capacity = capacity;
    this.whole = whole;
  }

  /** Makes an empty one in the memory of [1, rows * capacity] numbers. */
  static CudaPacked in(FloatMatrix numbers, int rows, int capacity) {
    return new CudaPacked(new Content(numbers, capacity), rows, capacity, true);
  }

  /** Sets order and columns; returns the matrix to write them to. */
  FloatMatrix begin(Operand order, int cols) {
    content.order = order;
    content.cols = cols;
    return numbers();
  }

  /** How {@link #numbers} enters a product. */
  Operand order() {
    return content.order;
  }

  /** The matrix as it is stored: [rows, cols], or [cols, rows] when its order is transposed. */
  FloatMatrix numbers() {
    return content.order == Operand.AS_IS
        ? content.numbers.reshaped(rows, content.capacity).columnRange(0, cols())
        : content.numbers.reshaped(content.capacity, rows).rowRange(0, cols());
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return whole ? content.cols : capacity;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public CudaPacked firstColumns(int number) {
    if (number < 0 || number > cols()) {
      throw new IllegalArgumentException(
          "firstColumns: %d columns of %d; there must be as many".formatted(number, cols()));
    }
    return new CudaPacked(content, rows, number, false);
  }
}
