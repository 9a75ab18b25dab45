package mechinterp.training;

import java.util.Optional;
import mechinterp.sae.SaeConfig;
import mechinterp.tensor.FloatMatrix;

/**
 * One of several autoencoders that are trained in one pass.
 *
 * @param name by which it is known; letters, digits, dots, hyphens and underscores, as it may name
 *     a folder
 * @param firstColumn where the columns begin that it is trained on, as many as its rows are wide,
 *     of activations of several hook points; empty for all columns
 * @param sae its kind and size
 * @param train how it is trained
 */
public record SweepMember(
    String name, Optional<Integer> firstColumn, SaeConfig sae, TrainConfig train) {
  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SweepMember {
    if (!name.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "name: is \"%s\"; it must consist of letters, digits, dots, hyphens and underscores and not begin with a dot"
              .formatted(name));
    }
    if (firstColumn.isPresent() && firstColumn.get() < 0) {
      throw new IllegalArgumentException(
          "%s: first_column is %d; it must be at least 0".formatted(name, firstColumn.get()));
    }
  }

  /** One that is trained on all columns. */
  public SweepMember(String name, SaeConfig sae, TrainConfig train) {
    this(name, Optional.empty(), sae, train);
  }

  /**
   * Returns its columns of rows of the data.
   *
   * @throws IllegalArgumentException when the rows end before
   */
  FloatMatrix columnsOf(FloatMatrix rows) {
    return firstColumn.map(first -> rows.columnRange(first, end(first, rows.cols()))).orElse(rows);
  }

  private int end(int first, int width) {
    long end = (long) first + sae.rowWidth();
    if (end > width) {
      throw new IllegalArgumentException(
          "%s: has columns %d to %d, the activations are %d wide; they must be among those"
              .formatted(name, first, end - 1, width));
    }
    return (int) end;
  }
}
