package mechinterp.model;

import java.io.IOException;
import java.util.List;

/**
 * A model's weights by the names of its Hugging Face state dict, whatever file they are in. Errors
 * name the file and the weight.
 */
public interface Weights {
  /** Returns the name of the file for messages. */
  String source();

  /** Returns whether there is a weight of this name. */
  boolean contains(String name);

  /**
   * Returns the dimensions of a weight; those of a linear layer's are [in, out].
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
}
