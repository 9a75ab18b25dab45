package mechinterp.io;

import java.io.IOException;
import java.util.Arrays;
import java.util.Set;

/** A file of named tensors, whose numbers are read when they are asked for. */
public interface TensorFile extends AutoCloseable {
  /** Returns the file's path, or the name that it was read by. */
  String source();

  /** Returns the names of the tensors, in the file's order. */
  Set<String> tensors();

  /**
   * Returns where and what a tensor is.
   *
   * @throws FormatException when there is no tensor of that name
   */
  TensorInfo info(String name) throws FormatException;

  /**
   * Returns what a tensor is after checking its shape; a dimension of -1 may be anything.
   *
   * @throws FormatException when it is missing or has another shape
   */
  default TensorInfo info(String name, long... shape) throws FormatException {
    TensorInfo info = info(name);
    boolean fits = info.shape().size() == shape.length;
    for (int i = 0; fits && i < shape.length; i++) {
      fits = shape[i] == -1 || shape[i] == info.shape().get(i);
    }
    if (!fits) {
      throw new FormatException(
          source(),
          "tensor \"%s\" is %s; it must be %s"
              .formatted(name, info.shape(), Arrays.toString(shape).replace("-1", "any")));
    }
    return info;
  }

  /**
   * Copies {@code count} numbers of a float tensor, from number {@code first} of its row-major
   * order on, into an array from index {@code offset} on.
   *
   * @throws FormatException when the numbers' bytes are damaged, as compressed ones can be
   * @throws IllegalArgumentException when it is not of F32, F16, BF16 or F64
   * @throws IndexOutOfBoundsException when there are no such numbers, or no room for them
   */
  void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
      throws IOException;

  /** Releases the file; reading it afterwards is an {@link IllegalStateException}. */
  @Override
  void close();
}
