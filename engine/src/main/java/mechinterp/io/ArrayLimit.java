package mechinterp.io;

import java.util.List;

/** How many numbers can be read at once. */
final class ArrayLimit {
  private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

  private ArrayLimit() {}

  /**
   * Returns the size as an array's length.
   *
   * @throws FormatException when an array cannot be that long
   */
  static int length(String file, String tensor, List<Long> shape, long size)
      throws FormatException {
    if (size > LARGEST_ARRAY) {
      throw new FormatException(
          file,
          "tensor \"%s\" %s has %d numbers to read at once; at most %d fit into an array"
              .formatted(tensor, shape, size, LARGEST_ARRAY));
    }
    return (int) size;
  }
}
