package mechinterp.optim;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.RowConstraint;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/**
 * One parameter with its moments, moved by Adam (Kingma and Ba 2015, algorithm 1). The moments
 * begin at 0.
 */
public final class Adam {
  private final Kernels kernels;
  private final String name;
  private final FloatMatrix parameter;
  private final FloatMatrix firstMoment;
  private final FloatMatrix secondMoment;

  /** Declares the moments of {@code parameter} in a workspace, under the parameter's name. */
  public Adam(Workspace workspace, String name, FloatMatrix parameter) {
    this.kernels = workspace.device().kernels();
    this.name = name;
    this.parameter = parameter;
    this.firstMoment = workspace.floats(name + " first moment", parameter.rows(), parameter.cols());
    this.secondMoment =
        workspace.floats(name + " second moment", parameter.rows(), parameter.cols());
  }

  /** Moves the parameter by one step along a dense gradient of the parameter's shape. */
  public void step(FloatMatrix gradient, AdamStep step) {
    kernels.optimizer().adam(parameter, firstMoment, secondMoment, gradient, step);
  }

  /**
   * Moves the parameter by one step along the sum of the terms, and keeps the constraint true of
   * its rows.
   */
  public void step(List<SparseOuterProduct> gradient, AdamStep step, RowConstraint constraint) {
    kernels
        .optimizer()
        .sparseAdam(parameter, firstMoment, secondMoment, gradient, step, constraint);
  }

  /** Returns the parameter and its moments. */
  public ParameterState state() {
    return new ParameterState(name, parameter, firstMoment, secondMoment);
  }
}
