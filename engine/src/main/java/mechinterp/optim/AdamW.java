package mechinterp.optim;

import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.Kernels;
import mechinterp.nn.Parameter;
import mechinterp.tensor.FloatMatrix;

/**
 * One parameter with its moments, moved by AdamW (Loshchilov and Hutter 2019): Adam with weight
 * decay beside the gradient,
 *
 * <pre>  p = p - learningRate weightDecay p - learningRate (Adam's direction)</pre>
 *
 * Matrices decay; parameters of one row (biases and gains) do not, as in GPT-2's training. The
 * moments begin at 0.
 */
public final class AdamW {
  private final Kernels kernels;
  private final Parameter parameter;
  private final FloatMatrix firstMoment;
  private final FloatMatrix secondMoment;

  /** Declares the moments of {@code parameter} in a workspace, under the parameter's name. */
  public AdamW(Workspace workspace, Parameter parameter) {
    FloatMatrix value = parameter.value();
    this.kernels = workspace.device().kernels();
    this.parameter = parameter;
    this.firstMoment =
        workspace.floats(parameter.name() + " first moment", value.rows(), value.cols());
    this.secondMoment =
        workspace.floats(parameter.name() + " second moment", value.rows(), value.cols());
  }

  /** Moves the parameter by one step along its gradient. */
  public void step(AdamStep step, double weightDecay) {
    FloatMatrix value = parameter.value();
    if (weightDecay > 0 && value.rows() > 1) {
      kernels.scale(value, value, (float) (1 - step.learningRate() * weightDecay));
    }
    kernels.optimizer().adam(value, firstMoment, secondMoment, parameter.gradient(), step);
  }

  /** Returns the parameter and its moments. */
  public ParameterState state() {
    return new ParameterState(parameter.name(), parameter.value(), firstMoment, secondMoment);
  }
}
