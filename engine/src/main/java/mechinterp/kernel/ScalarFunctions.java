package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** The functions of single elements and the rotary embedding of {@link ScalarKernels}. */
final class ScalarFunctions {
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;

  private ScalarFunctions() {}

  private static double value(ActivationFunction f, double x) {
    return switch (f) {
      case GELU -> x * NormalDistribution.cdf(x);
      case GELU_TANH -> 0.5 * x * (1 + Math.tanh(inner(x)));
      case SILU -> x * sigmoid(x);
      case RELU -> Math.max(x, 0);
    };
  }

  private static double derivative(ActivationFunction f, double x) {
    return switch (f) {
      case GELU -> NormalDistribution.cdf(x) + x * NormalDistribution.density(x);
      case GELU_TANH -> {
        double tanh = Math.tanh(inner(x));
        double innerDerivative = SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x);
        yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * innerDerivative;
      }
      case SILU -> sigmoid(x) * (1 + x * (1 - sigmoid(x)));
      case RELU -> x > 0 ? 1 : 0;
    };
  }

  private static double inner(double x) {
    return SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  static void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    Elements from = new Elements(x);
    new Elements(out).setEach((i, j) -> (float) value(f, from.get(i, j)));
  }

  static void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    Elements from = new Elements(x);
    Elements gradient = new Elements(dy);
    new Elements(dx)
        .setEach((i, j) -> (float) (gradient.get(i, j) * derivative(f, from.get(i, j))));
  }

  static void gatedActivate(
      FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    Elements gates = new Elements(gate);
    Elements factors = new Elements(linear);
    new Elements(out).setEach((i, j) -> (float) (value(f, gates.get(i, j)) * factors.get(i, j)));
  }

  static void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    for (int i = 0; i < gate.rows(); i++) {
      for (int j = 0; j < gate.cols(); j++) {
        double d = new Elements(dOut).get(i, j);
        double g = new Elements(gate).get(i, j);
        double factor = new Elements(linear).get(i, j);
        new Elements(dGate).set(i, j, (float) (d * factor * derivative(f, g)));
        new Elements(dLinear).set(i, j, (float) (d * value(f, g)));
      }
    }
  }

  static void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    Elements from = new Elements(x);
    new Elements(out).setEach((i, j) -> (float) capped(from.get(i, j), cap));
  }

  /** Returns cap tanh(x / cap), or x where cap is 0. */
  static double capped(double x, double cap) {
    return cap == 0 ? x : cap * Math.tanh(x / cap);
  }

  static void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    Elements gradient = new Elements(dy);
    Elements capped = new Elements(y);
    new Elements(dx)
        .setEach((i, j) -> (float) (gradient.get(i, j) * cappedDerivative(capped.get(i, j), cap)));
  }

  /** Returns the derivative of {@link #capped} where its value is y. */
  static double cappedDerivative(double y, double cap) {
    return cap == 0 ? 1 : 1 - y / cap * (y / cap);
  }

  static void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation) {
    int dHead = x.cols() / heads;
    int sign = rotation == Rotation.FORWARD ? 1 : -1;
    for (int t = 0; t < x.rows(); t++) {
      int position = HostMemory.intAt(positions, 0, t);
      double[] cosines = new Elements(cos).row(position);
      double[] sines = new Elements(sin).row(position);
      double[] row = new Elements(x).row(t);
      for (int head = 0; head < heads; head++) {
        rotate(row, head * dHead, cosines, sines, sign);
      }
      new Elements(out).setRow(t, row);
    }
  }

  private static void rotate(double[] row, int at, double[] cos, double[] sin, int sign) {
    int half = cos.length;
    for (int i = 0; i < half; i++) {
      double a = row[at + i];
      double b = row[at + half + i];
      row[at + i] = a * cos[i] - sign * b * sin[i];
      row[at + half + i] = b * cos[i] + sign * a * sin[i];
    }
  }
}
