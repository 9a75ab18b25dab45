package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Functions of {@link VectorMath} over numbers that lie in arrays. Those that take only an array
 * and a length work in place from index 0 on and may change what is behind the length, up to the
 * next whole vector.
 */
final class FunctionLoops {
  private static final int LANES = Tiles.LANES;

  private FunctionLoops() {}

  /** x = f(x). */
  static void apply(ActivationFunction f, float[] x, int length) {
    switch (f) {
      case GELU -> gelu(x, length);
      case GELU_TANH -> geluTanh(x, length);
      case SILU -> silu(x, length);
      case RELU -> relu(x, length);
    }
  }

  /** x = f'(x). */
  static void applyDerivative(ActivationFunction f, float[] x, int length) {
    switch (f) {
      case GELU -> geluDerivative(x, length);
      case GELU_TANH -> geluTanhDerivative(x, length);
      case SILU -> siluDerivative(x, length);
      case RELU -> reluDerivative(x, length);
    }
  }

  private static void gelu(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      VectorMath.gelu(FloatVector.fromArray(Tiles.SPECIES, x, i)).intoArray(x, i);
    }
  }

  private static void geluDerivative(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      VectorMath.geluDerivative(FloatVector.fromArray(Tiles.SPECIES, x, i)).intoArray(x, i);
    }
  }

  private static void geluTanh(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      VectorMath.geluTanh(FloatVector.fromArray(Tiles.SPECIES, x, i)).intoArray(x, i);
    }
  }

  private static void geluTanhDerivative(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      VectorMath.geluTanhDerivative(FloatVector.fromArray(Tiles.SPECIES, x, i)).intoArray(x, i);
    }
  }

  private static void silu(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, i);
      v.mul(VectorMath.sigmoid(v)).intoArray(x, i);
    }
  }

  private static void siluDerivative(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, i);
      FloatVector sigmoid = VectorMath.sigmoid(v);
      v.mul(sigmoid.neg().add(1f)).fma(sigmoid, sigmoid).intoArray(x, i);
    }
  }

  private static void relu(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, x, i).max(0f).intoArray(x, i);
    }
  }

  private static void reluDerivative(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, i);
      VectorMath.step(v).intoArray(x, i);
    }
  }

  /** x = tanh(x). */
  static void tanh(float[] x, int length) {
    for (int i = 0; i < length; i += LANES) {
      VectorMath.tanh(FloatVector.fromArray(Tiles.SPECIES, x, i)).intoArray(x, i);
    }
  }

  /** x = cap tanh(x / cap), from index {@code at} on and nothing besides. */
  static void cap(float[] x, int at, int length, float cap) {
    float factor = 1 / cap;
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      VectorMath.tanh(FloatVector.fromArray(Tiles.SPECIES, x, at + i).mul(factor))
          .mul(cap)
          .intoArray(x, at + i);
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      VectorMath.tanh(FloatVector.fromArray(Tiles.SPECIES, x, at + i, rest).mul(factor))
          .mul(cap)
          .intoArray(x, at + i, rest);
    }
  }

  /** dx = dy (1 - (factor y)^2). */
  static void softCapBackward(
      float[] dx, int dxAt, float[] dy, int dyAt, float[] y, int yAt, int length, float factor) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector gradient = FloatVector.fromArray(Tiles.SPECIES, dy, dyAt + i);
      FloatVector tanh = FloatVector.fromArray(Tiles.SPECIES, y, yAt + i).mul(factor);
      tanh.mul(tanh).neg().fma(gradient, gradient).intoArray(dx, dxAt + i);
    }
    for (; i < length; i++) {
      float tanh = y[yAt + i] * factor;
      dx[dxAt + i] = Math.fma(-(tanh * tanh), dy[dyAt + i], dy[dyAt + i]);
    }
  }

  /** Turns the pairs (i, i + half) of x by the angles with these cosines and sines times sign. */
  static void rotate(
      float[] out,
      int outAt,
      float[] x,
      int xAt,
      int half,
      float[] cos,
      int cosAt,
      float[] sin,
      int sinAt,
      float sign) {
    int i = 0;
    for (; i <= half - LANES; i += LANES) {
      FloatVector a = FloatVector.fromArray(Tiles.SPECIES, x, xAt + i);
      FloatVector b = FloatVector.fromArray(Tiles.SPECIES, x, xAt + half + i);
      FloatVector c = FloatVector.fromArray(Tiles.SPECIES, cos, cosAt + i);
      FloatVector s = FloatVector.fromArray(Tiles.SPECIES, sin, sinAt + i).mul(sign);
      b.neg().fma(s, a.mul(c)).intoArray(out, outAt + i);
      a.fma(s, b.mul(c)).intoArray(out, outAt + half + i);
    }
    for (; i < half; i++) {
      float a = x[xAt + i];
      float b = x[xAt + half + i];
      float s = sin[sinAt + i] * sign;
      out[outAt + i] = Math.fma(-b, s, a * cos[cosAt + i]);
      out[outAt + half + i] = Math.fma(a, s, b * cos[cosAt + i]);
    }
  }
}
