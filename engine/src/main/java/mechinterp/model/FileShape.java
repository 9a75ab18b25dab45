package mechinterp.model;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;

/** The shapes of files, whose dimensions may be larger than those of a model. */
final class FileShape {
  private FileShape() {}

  /** Returns a shape after checking that each dimension fits an int. */
  static List<Integer> of(String file, String tensor, List<Long> dimensions)
      throws FormatException {
    List<Integer> shape = new ArrayList<>();
    for (long dimension : dimensions) {
      if (dimension > Integer.MAX_VALUE) {
        throw new FormatException(
            file,
            "tensor \"%s\" is %s; dimensions must be less than 2^31".formatted(tensor, dimensions));
      }
      shape.add((int) dimension);
    }
    return List.copyOf(shape);
  }
}
