package mechinterp.optim;

import mechinterp.tensor.FloatMatrix;

/**
 * A parameter and the moments of its optimizer, all of one shape: what must be kept to go on with a
 * run. These are the matrices themselves, not copies.
 *
 * @param name of the parameter
 * @param value its numbers
 * @param firstMoment running mean of its gradients
 * @param secondMoment running mean of its gradients' squares
 */
public record ParameterState(
    String name, FloatMatrix value, FloatMatrix firstMoment, FloatMatrix secondMoment) {
  /** Returns the same parameter under the name {@code GROUP/NAME}. */
  public ParameterState within(String group) {
    return new ParameterState(group + "/" + name, value, firstMoment, secondMoment);
  }
}
