package mechinterp.optim;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.nn.Parameter;

/**
 * Keeps the norm of all gradients together within a limit (Pascanu, Mikolov and Bengio 2013): when
 * it is more, every gradient is multiplied with limit / norm.
 */
public final class GradientClipping {
  private final Device device;
  private final List<Parameter> parameters;
  private final GradientNorm norm;

  /** Declares a column of numbers, as many as the largest parameter has rows. */
  public GradientClipping(Workspace workspace, List<Parameter> parameters) {
    this.device = workspace.device();
    this.parameters = List.copyOf(parameters);
    int rows = parameters.stream().mapToInt(each -> each.value().rows()).max().orElse(0);
    this.norm = new GradientNorm(workspace, rows);
  }

  /** Returns the Euclidean norm of all gradients together, added up in double precision. */
  public double norm() {
    double sum = 0;
    for (Parameter parameter : parameters) {
      sum += norm.squared(parameter.gradient());
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
