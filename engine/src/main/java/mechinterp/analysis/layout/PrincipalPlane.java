package mechinterp.analysis.layout;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * The two directions along which unit rows vary most, by orthogonal iteration on their covariance.
 */
final class PrincipalPlane {
  private static final int ITERATIONS = 100;
  private static final int BLOCK = 4096;

  private PrincipalPlane() {}

  /**
   * Returns the rows' coordinates, scaled to unit length and centred, along both directions.
   *
   * @param rows [n, d]
   * @return x and y, n each
   */
  static float[][] coordinates(Device device, FloatMatrix rows) {
    int width = rows.cols();
    Kernels kernels = device.kernels();
    FloatMatrix block = device.floats(Math.min(BLOCK, rows.rows()), width);
    FloatMatrix products = device.floats(width, width);
    double[] means = new double[width];
    for (int from = 0; from < rows.rows(); from += BLOCK) {
      FloatMatrix unit = unit(kernels, block, rows, from);
      Write write = from == 0 ? Write.SET : Write.ADD;
      kernels.matmul(products, unit, Operand.TRANSPOSED, unit, Operand.AS_IS, write);
      addColumns(means, device.toHost(unit));
    }
    for (int c = 0; c < width; c++) {
      means[c] /= rows.rows();
    }
    double[][] covariance = covariance(device.toHost(products), means, rows.rows());
    double[][] directions = directions(covariance);
    float[][] coordinates = new float[2][rows.rows()];
    for (int from = 0; from < rows.rows(); from += BLOCK) {
      float[] unit = device.toHost(unit(kernels, block, rows, from));
      for (int i = 0; i * width < unit.length; i++) {
        for (int axis = 0; axis < 2; axis++) {
          coordinates[axis][from + i] = project(unit, i * width, means, directions[axis]);
        }
      }
    }
    return coordinates;
  }

  private static FloatMatrix unit(Kernels kernels, FloatMatrix block, FloatMatrix rows, int from) {
    int to = Math.min(rows.rows(), from + BLOCK);
    FloatMatrix unit = block.rowRange(0, to - from);
    kernels.normalizeRows(unit, rows.rowRange(from, to));
    return unit;
  }

  private static void addColumns(double[] sums, float[] values) {
    for (int i = 0; i < values.length; i++) {
      sums[i % sums.length] += values[i];
    }
  }

  private static double[][] covariance(float[] products, double[] means, int rows) {
    int width = means.length;
    double[][] covariance = new double[width][width];
    for (int a = 0; a < width; a++) {
      for (int b = 0; b < width; b++) {
        covariance[a][b] = products[a * width + b] / (double) rows - means[a] * means[b];
      }
    }
    return covariance;
  }

  private static double[][] directions(double[][] covariance) {
    int width = covariance.length;
    double[][] directions = new double[2][width];
    for (int axis = 0; axis < 2; axis++) {
      RandomStream start = RandomStream.of(0, "analysis/plane " + axis);
      for (int c = 0; c < width; c++) {
        directions[axis][c] = start.gaussian(c);
      }
    }
    for (int i = 0; i < ITERATIONS; i++) {
      directions[0] = unit(times(covariance, directions[0]));
      double[] second = times(covariance, directions[1]);
      double along = dot(second, directions[0]);
      for (int c = 0; c < width; c++) {
        second[c] -= along * directions[0][c];
      }
      directions[1] = unit(second);
    }
    return directions;
  }

  private static double[] times(double[][] matrix, double[] vector) {
    return Arrays.stream(matrix).mapToDouble(row -> dot(row, vector)).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int c = 0; c < a.length; c++) {
      sum += a[c] * b[c];
    }
    return sum;
  }

  private static double[] unit(double[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    return length == 0 ? vector : Arrays.stream(vector).map(v -> v / length).toArray();
  }

  private static float project(float[] unit, int first, double[] means, double[] direction) {
    double sum = 0;
    for (int c = 0; c < means.length; c++) {
      sum += (unit[first + c] - means[c]) * direction[c];
    }
    return (float) sum;
  }
}
