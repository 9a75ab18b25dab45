package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/** The norms of {@link ScalarKernels}. */
final class ScalarNorms {
  private ScalarNorms() {}

  static void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    Elements from = new Elements(x);
    new Elements(scale)
        .setEach((i, j) -> {
          double[] centered = centered(from, i, norm);
          return (float) Math.sqrt(dot(centered, centered) / centered.length + epsilon);
        });
  }

  /** Returns x[row] - m, where m is the row's mean or 0. */
  private static double[] centered(Elements x, int row, Norm norm) {
    return centered(x.row(row), norm);
  }

  private static double[] centered(double[] row, Norm norm) {
    double mean = norm == Norm.LAYER ? sum(row) / row.length : 0;
    double[] centered = new double[row.length];
    for (int j = 0; j < row.length; j++) {
      centered[j] = row[j] - mean;
    }
    return centered;
  }

  private static double sum(double[] row) {
    double sum = 0;
    for (double x : row) {
      sum += x;
    }
    return sum;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  static void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    Elements to = new Elements(out);
    double[] gains = new Elements(gain).row(0);
    double[] biases = new Elements(bias).row(0);
    for (int i = 0; i < x.rows(); i++) {
      double[] row = centered(new Elements(x), i, norm);
      double divisor = new Elements(scale).get(i, 0);
      for (int j = 0; j < row.length; j++) {
        float quotient = (float) (row[j] / divisor);
        to.set(i, j, (float) (quotient * gains[j] + biases[j]));
      }
    }
  }

  static void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm) {
    double[] gains = new Elements(gain).row(0);
    for (int i = 0; i < x.rows(); i++) {
      double divisor = new Elements(scale).get(i, 0);
      double[] d = new Elements(dy).row(i);
      for (int j = 0; j < d.length; j++) {
        d[j] *= gains[j];
      }
      double along = dot(d, centered(new Elements(x), i, norm));
      double[] gradient = centered(d, norm);
      for (int j = 0; j < d.length; j++) {
        gradient[j] /= divisor;
      }
      new Elements(dx).setRow(i, gradient);
      new Elements(dScale).set(i, 0, (float) (-along / (divisor * divisor)));
    }
  }

  static void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    for (int i = 0; i < x.rows(); i++) {
      double[] row = centered(new Elements(x), i, norm);
      double divisor = new Elements(scale).get(i, 0);
      double factor = new Elements(dScale).get(i, 0) / (row.length * divisor);
      double[] gradient = new Elements(dx).row(i);
      for (int j = 0; j < row.length; j++) {
        gradient[j] += factor * row[j];
      }
      new Elements(dx).setRow(i, gradient);
    }
  }

  static void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    double[] sums = new double[x.cols()];
    for (int i = 0; i < x.rows(); i++) {
      double[] row = centered(new Elements(x), i, norm);
      double divisor = new Elements(scale).get(i, 0);
      for (int j = 0; j < row.length; j++) {
        sums[j] += new Elements(dy).get(i, j) * row[j] / divisor;
      }
    }
    for (int j = 0; j < sums.length; j++) {
      new Elements(dGain).write(0, j, (float) sums[j], write);
    }
  }
}
