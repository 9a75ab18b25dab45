package mechinterp.model;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Named tensors, whatever file they are in: under the file's own names and in its own orientation,
 * or under the canonical ones of {@link WeightNames}. Errors name the file and the weight.
 */
public interface Weights {
  /** Returns the name of the file for messages. */
  String source();

  /** Returns the names of all weights. */
  Set<String> names();

  /**
   * Returns what messages call a weight: its name in the file, where this names it otherwise.
   *
   * @param name a weight that is there, or one that is missed
   */
  default String nameInFile(String name) {
    return name;
  }

  /** Returns whether there is a weight of this name. */
  boolean contains(String name);

  /**
   * Returns the dimensions of a weight.
   *
   * @throws mechinterp.io.FormatException when there is none of this name
   */
  List<Integer> shape(String name) throws IOException;

  /**
   * Returns the numbers of a weight in row-major order of {@link #shape}.
   *
   * @throws mechinterp.io.FormatException when there is none of this name or it does not hold
   *     floats
   */
  float[] floats(String name) throws IOException;

  /**
   * Returns the numbers of {@code rows} rows of a weight, from row {@code firstRow} of its first
   * dimension on. Files that can read a part override this.
   *
   * @throws mechinterp.io.FormatException as {@link #floats(String)} does
   * @throws IndexOutOfBoundsException when there are no such rows
   */
  default float[] floats(String name, int firstRow, int rows) throws IOException {
    List<Integer> shape = shape(name);
    Objects.checkFromIndexSize(firstRow, rows, shape.getFirst());
    float[] all = floats(name);
    int width = all.length / Math.max(1, shape.getFirst());
    return Arrays.copyOfRange(all, firstRow * width, (firstRow + rows) * width);
  }
}
