package mechinterp.sae;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/**
 * The centre of a sample of activations: its mean, and from there the geometric median by
 * Weiszfeld's iteration (Weiszfeld 1937):
 *
 * <pre>  y += sum over t of w[t] (x[t] - y) / sum of w,   w[t] = 1 / |x[t] - y|</pre>
 *
 * until y moves by less than 1e-5 of the mean distance, or 100 times. Points that coincide with y
 * have weight 0.
 */
final class GeometricMedian {
  private static final int MAX_ITERATIONS = 100;
  private static final double TOLERANCE = 1e-5;
  private static final int CHUNK = 1024;

  private final Device device;
  private final Kernels kernels;
  private final FloatMatrix sample;
  private final FloatMatrix centre;
  private final FloatMatrix move;
  private final FloatMatrix differences;
  private final FloatMatrix weights;
  private final float[] weightsOnHost;
  private double weightSum;
  private double distanceSum;

  /** Declares a sample of {@code tokens} activations and what the iteration needs. */
  GeometricMedian(Workspace workspace, int tokens, int dIn) {
    int chunk = Math.min(CHUNK, tokens);
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sample = workspace.floats("sample", tokens, dIn);
    this.centre = workspace.floats("centre", 1, dIn);
    this.move = workspace.floats("move", 1, dIn);
    this.differences = workspace.floats("differences", chunk, dIn);
    this.weights = workspace.floats("weights", chunk, 1);
    this.weightsOnHost = workspace.onHost(float[]::new, chunk);
  }

  /** Returns the sample, to be filled. */
  FloatMatrix sample() {
    return sample;
  }

  /** Returns the mean of the sample. */
  float[] mean() {
    kernels.sumRows(centre, sample, Write.SET);
    kernels.scale(centre, centre, 1f / sample.rows());
    return device.toHost(centre);
  }

  /** Returns the geometric median of the sample. */
  float[] median() {
    mean();
    for (int i = 0; i < MAX_ITERATIONS && iterate() > TOLERANCE; i++) {}
    return device.toHost(centre);
  }

  /** Moves the centre and returns by how much, relative to the mean distance. */
  private double iterate() {
    kernels.fill(move, 0);
    weightSum = 0;
    distanceSum = 0;
    for (int from = 0; from < sample.rows(); from += CHUNK) {
      addMove(sample.rowRange(from, Math.min(sample.rows(), from + CHUNK)));
    }
    if (weightSum == 0) {
      return 0;
    }
    kernels.addScaled(centre, move, (float) (1 / weightSum));
    double length = norm(device.toHost(move)) / weightSum;
    return length / (distanceSum / sample.rows());
  }

  private void addMove(FloatMatrix points) {
    FloatMatrix difference = differences.rowRange(0, points.rows());
    FloatMatrix weight = weights.rowRange(0, points.rows());
    kernels.addRow(difference, points, centre, -1);
    kernels.rowDots(weight, difference, difference);
    device.download(weightsOnHost, 0, weight);
    for (int t = 0; t < points.rows(); t++) {
      double distance = Math.sqrt(weightsOnHost[t]);
      weightsOnHost[t] = distance == 0 ? 0 : (float) (1 / distance);
      distanceSum += distance;
      weightSum += weightsOnHost[t];
    }
    device.upload(weight, weightsOnHost, 0);
    kernels.matmul(move, weight, Operand.TRANSPOSED, difference, Operand.AS_IS, Write.ADD);
  }

  private static double norm(float[] row) {
    double sum = 0;
    for (float value : row) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
