package mechinterp.io;

import java.util.List;
import java.util.Optional;

/**
 * Where and what a tensor is in a GGUF file.
 *
 * @param name its name
 * @param shape its dimensions, row-major as in PyTorch: the reverse of the file's order
 * @param typeNumber the file's number for the kind of its numbers
 * @param offset of its first byte, counted from the beginning of the data
 */
public record GgufTensor(String name, List<Long> shape, int typeNumber, long offset) {
  /** Copies the shape. */
  public GgufTensor {
    shape = List.copyOf(shape);
  }

  /** Returns the kind of its numbers, if it is known. */
  public Optional<GgmlType> type() {
    return GgmlType.of(typeNumber);
  }

  /** Returns the name of {@link #type}, or its number in words. */
  public String typeName() {
    return type().map(GgmlType::name).orElse("of unknown type " + typeNumber);
  }

  /** Returns how many numbers there are. */
  public long size() {
    long product = 1;
    for (long dimension : shape) {
      product = Math.multiplyExact(product, dimension);
    }
    return product;
  }

  /** Returns the first dimension, or 1 for a single number. */
  public long rows() {
    return shape.isEmpty() ? 1 : shape.getFirst();
  }

  /** Returns how many numbers a row has: the product of all dimensions but the first. */
  public long rowSize() {
    return rows() == 0 ? 0 : size() / rows();
  }
}
