package mechinterp.nn;

import java.util.Optional;
import mechinterp.tensor.FloatMatrix;

/** A matrix or vector [1, n] that a layer computes with: fixed, or trained as a parameter. */
public sealed interface Weight permits Weight.Fixed, Parameter {
  /** Returns its numbers. */
  FloatMatrix value();

  /** Returns the parameter that it is, unless it is fixed. */
  Optional<Parameter> parameter();

  /** Returns a weight that stays as it is. */
  static Weight fixed(FloatMatrix value) {
    return new Fixed(value);
  }

  /**
   * A weight that stays as it is.
   *
   * @param value its numbers
   */
  record Fixed(FloatMatrix value) implements Weight {
    @Override
    public Optional<Parameter> parameter() {
      return Optional.empty();
    }
  }
}
