package mechinterp.metrics;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Two classes told apart by a linear function of a few numbers:
 *
 * <pre>  minimise sum over i of log(1 + exp(-s_i (w . x_i + b))) + |w|^2 / 2,   s_i = 1 or -1</pre>
 *
 * by Newton's method (scikit-learn's {@code LogisticRegression} with its default C of 1), each
 * example with a weight, or all with 1.
 */
final class LogisticRegression {
  private static final int MOST_STEPS = 50;
  private static final double TOLERANCE = 1e-9;

  /** w, and b as the last. */
  private final double[] weights;

  private LogisticRegression(double[] weights) {
    this.weights = weights;
  }

  /**
   * Fits the weights.
   *
   * @param x numbers of each example
   * @param positive which are of the positive class
   */
  static LogisticRegression fit(double[][] x, BitSet positive) {
    return fit(x, positive, 1, 1);
  }

  /**
   * Fits the weights with examples of both classes counted alike: each with n / (2 n of its class),
   * as scikit-learn's {@code class_weight="balanced"}.
   *
   * @param x numbers of each example
   * @param positive which are of the positive class: some, not all
   */
  static LogisticRegression fitBalanced(double[][] x, BitSet positive) {
    double half = x.length / 2.0;
    int positives = positive.cardinality();
    return fit(x, positive, half / positives, half / (x.length - positives));
  }

  private static LogisticRegression fit(
      double[][] x, BitSet positive, double ofPositive, double ofNegative) {
    double[] shares = new double[x.length];
    Arrays.setAll(shares, i -> positive.get(i) ? ofPositive : ofNegative);
    int n = x[0].length + 1;
    double[] weights = new double[n];
    for (int step = 0; step < MOST_STEPS; step++) {
      double[] gradient = new double[n];
      double[][] hessian = new double[n][n];
      addExamples(weights, x, shares, positive, gradient, hessian);
      for (int j = 0; j < n - 1; j++) {
        gradient[j] += weights[j];
        hessian[j][j] += 1;
      }
      double[] move = solve(hessian, gradient);
      double largest = 0;
      for (int j = 0; j < n; j++) {
        weights[j] -= move[j];
        largest = Math.max(largest, Math.abs(move[j]));
      }
      if (largest < TOLERANCE) {
        break;
      }
    }
    return new LogisticRegression(weights);
  }

  private static void addExamples(
      double[] weights,
      double[][] x,
      double[] shares,
      BitSet positive,
      double[] gradient,
      double[][] hessian) {
    int n = weights.length;
    for (int i = 0; i < x.length; i++) {
      double p = 1 / (1 + Math.exp(-score(weights, x[i])));
      double error = shares[i] * (p - (positive.get(i) ? 1 : 0));
      for (int j = 0; j < n; j++) {
        double xj = j < n - 1 ? x[i][j] : 1;
        gradient[j] += error * xj;
        for (int k = 0; k <= j; k++) {
          double xk = k < n - 1 ? x[i][k] : 1;
          hessian[j][k] += shares[i] * Math.max(p * (1 - p), 1e-12) * xj * xk;
        }
      }
    }
  }

  /** Solves by Cholesky's decomposition; the matrix is positive definite, its lower half given. */
  private static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    double[] x = b.clone();
    for (int j = 0; j < n; j++) {
      for (int i = j; i < n; i++) {
        double sum = a[i][j];
        for (int k = 0; k < j; k++) {
          sum -= a[i][k] * a[j][k];
        }
        a[i][j] = i == j ? Math.sqrt(sum) : sum / a[j][j];
      }
    }
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        x[i] -= a[i][k] * x[k];
      }
      x[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        x[i] -= a[k][i] * x[k];
      }
      x[i] /= a[i][i];
    }
    return x;
  }

  private static double score(double[] weights, double[] x) {
    double sum = weights[weights.length - 1];
    for (int j = 0; j < x.length; j++) {
      sum += weights[j] * x[j];
    }
    return sum;
  }

  /** Returns w . x + b: above 0 for the positive class. */
  double score(double[] x) {
    return score(weights, x);
  }

  /** Returns w, and b as the last. */
  double[] weights() {
    return weights.clone();
  }
}
