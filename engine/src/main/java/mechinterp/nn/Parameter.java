package mechinterp.nn;

import java.util.Optional;
import mechinterp.tensor.FloatMatrix;

/**
 * A weight that is trained.
 *
 * @param name its name, such as {@code blocks.0.attn.W_Q}
 * @param value its numbers; a linear map's are [in, out], a vector's [1, n]
 * @param gradient the gradient of a loss with respect to them: layers add to it
 */
public record Parameter(String name, FloatMatrix value, FloatMatrix gradient) implements Weight {
  /**
   * Checks the shapes.
   *
   * @throws IllegalArgumentException when value and gradient differ in shape
   */
  public Parameter {
    if (!value.shape().equals(gradient.shape())) {
      throw new IllegalArgumentException(
          "parameter %s: value is %s, gradient is %s; they must have the same shape"
              .formatted(name, value.shape(), gradient.shape()));
    }
  }

  @Override
  public Optional<Parameter> parameter() {
    return Optional.of(this);
  }
}
