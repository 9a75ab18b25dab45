package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Softmax and the losses of {@link ScalarKernels}. */
final class ScalarLosses {
  private ScalarLosses() {}

  static void softmax(FloatMatrix out, FloatMatrix x) {
    for (int i = 0; i < x.rows(); i++) {
      double[] row = new Elements(x).row(i);
      softmax(row);
      new Elements(out).setRow(i, row);
    }
  }

  static void softmax(double[] row) {
    double logSum = logSumExp(row);
    for (int j = 0; j < row.length; j++) {
      row[j] = Math.exp(row[j] - logSum);
    }
  }

  private static double logSumExp(double[] row) {
    double max = Arrays.stream(row).max().orElse(0);
    double sum = 0;
    for (double x : row) {
      sum += Math.exp(x - max);
    }
    return max + Math.log(sum);
  }

  static void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    for (int i = 0; i < y.rows(); i++) {
      double[] gradient = new Elements(dy).row(i);
      softmaxBackward(gradient, new Elements(y).row(i));
      new Elements(dx).setRow(i, gradient);
    }
  }

  /** gradient = y (gradient - sum of gradient y). */
  static void softmaxBackward(double[] gradient, double[] y) {
    double mean = 0;
    for (int j = 0; j < y.length; j++) {
      mean += gradient[j] * y[j];
    }
    for (int j = 0; j < y.length; j++) {
      gradient[j] = y[j] * (gradient[j] - mean);
    }
  }

  static void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    for (int t = 0; t < logits.rows(); t++) {
      int target = HostMemory.intAt(targets, 0, t);
      double[] row = new Elements(logits).row(t);
      new Elements(losses).set(t, 0, target == -1 ? 0 : (float) (logSumExp(row) - row[target]));
    }
  }

  static void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    for (int t = 0; t < logits.rows(); t++) {
      int target = HostMemory.intAt(targets, 0, t);
      double[] row = new Elements(logits).row(t);
      softmax(row);
      if (target != -1) {
        row[target] -= 1;
      }
      double weight = target == -1 ? 0 : new Elements(weights).get(t, 0);
      for (int j = 0; j < row.length; j++) {
        row[j] *= weight;
      }
      new Elements(dLogits).setRow(t, row);
    }
  }

  static void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    for (int t = 0; t < pLogits.rows(); t++) {
      double[] p = new Elements(pLogits).row(t);
      double[] q = new Elements(qLogits).row(t);
      double logSumP = logSumExp(p);
      double logSumQ = logSumExp(q);
      double sum = 0;
      for (int j = 0; j < p.length; j++) {
        sum += Math.exp(p[j] - logSumP) * (p[j] - logSumP - q[j] + logSumQ);
      }
      new Elements(out).set(t, 0, (float) sum);
    }
  }
}
