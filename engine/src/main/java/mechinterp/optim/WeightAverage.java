package mechinterp.optim;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/**
 * The exponential moving average of a parameter over the steps of a run. With the parameter p[s]
 * after step s:
 *
 * <pre>
 *   average[t] = sum over s = 1..t of  decay^(t - s) p[s]  /  sum over s = 1..t of decay^(t - s)
 * </pre>
 *
 * so it is a mean from the first step on, in which the initial parameter has no part.
 */
public final class WeightAverage {
  private final Kernels kernels;
  private final FloatMatrix parameter;
  private final FloatMatrix average;
  private final double decay;

  /** Declares the average of {@code parameter} in a workspace, under the parameter's name. */
  public WeightAverage(Workspace workspace, String name, FloatMatrix parameter, double decay) {
    this.kernels = workspace.device().kernels();
    this.parameter = parameter;
    this.average = workspace.floats(name + " average", parameter.rows(), parameter.cols());
    this.decay = decay;
  }

  /** Takes in the parameter as it is after step number {@code step}, from 1. */
  public void add(int step) {
    float rate = (float) ((1 - decay) / (1 - Math.pow(decay, step)));
    kernels.scale(average, average, 1 - rate);
    kernels.addScaled(average, parameter, rate);
  }

  /** Returns the average itself, not a copy. */
  public FloatMatrix average() {
    return average;
  }

  /** Sets the parameter to its average. */
  public void use() {
    kernels.copy(parameter, average);
  }
}
