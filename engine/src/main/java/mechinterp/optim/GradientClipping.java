package mechinterp.optim;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.nn.Parameter;
import mechinterp.tensor.FloatMatrix;

/**
 * Keeps the norm of all gradients together within a limit (Pascanu, Mikolov and Bengio 2013): when
 * it is more, every gradient is multiplied with limit / norm.
 */
public final class GradientClipping {
  private final Device device;
  private final List<Parameter> parameters;
  private final FloatMatrix rowSquares;
  private final float[] squares;

  /** Declares a column of numbers, as many as the largest parameter has rows. */
  public GradientClipping(Workspace workspace, List<Parameter> parameters) {
    this.device = workspace.device();
    this.parameters = List.copyOf(parameters);
    int rows = parameters.stream().mapToInt(each -> each.value().rows()).max().orElse(0);
    this.rowSquares = workspace.floats("squares of gradient rows", rows, 1);
    this.squares = workspace.onHost(float[]::new, rows);
  }

  /** Returns the Euclidean norm of all gradients together, added up in double precision. */
  public double norm() {
    double sum = 0;
    for (Parameter parameter : parameters) {
      FloatMatrix gradient = parameter.gradient();
      FloatMatrix rows = rowSquares.rowRange(0, gradient.rows());
      device.kernels().rowDots(rows, gradient, gradient);
      device.download(squares, 0, rows);
      for (int i = 0; i < gradient.rows(); i++) {
        sum += squares[i];
      }
    }
    return Math.sqrt(sum);
  }

  /**
   * Keeps the gradients, whose norm is given, within the limit.
   *
   * @param norm what {@link #norm} returned
   * @param limit the largest norm, positive
   */
  public void clip(double norm, double limit) {
    if (norm > limit) {
      float factor = (float) (limit / norm);
      for (Parameter parameter : parameters) {
        device.kernels().scale(parameter.gradient(), parameter.gradient(), factor);
      }
    }
  }
}
