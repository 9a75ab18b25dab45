package mechinterp.io;

import java.util.List;

/**
 * Where and what a tensor is in a safetensors file.
 *
 * @param name its name
 * @param dtype the kind of its numbers
 * @param shape its dimensions, row-major; none for a single number
 * @param begin offset of its first byte, counted from the end of the header
 * @param end offset after its last byte
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long begin, long end) {
  /** Copies the shape. */
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Returns how many numbers there are. */
  public long size() {
    return (end - begin) / dtype.bytes();
  }

  /** Returns the first dimension, or 1 for a single number. */
  public long rows() {
    return shape.isEmpty() ? 1 : shape.getFirst();
  }

  /** Returns how many numbers a row has: the product of all dimensions but the first. */
  public long rowSize() {
    long product = 1;
    for (int i = 1; i < shape.size(); i++) {
      product = Math.multiplyExact(product, shape.get(i));
    }
    return product;
  }
}
