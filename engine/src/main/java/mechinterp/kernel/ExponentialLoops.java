package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Softmax and what belongs to it, over rows that lie in arrays; a row's rest is a masked vector.
 */
final class ExponentialLoops {
  private static final int LANES = Tiles.LANES;

  private ExponentialLoops() {}

  /** out = softmax(x) factor. */
  static void softmax(float[] out, int outAt, float[] x, int xAt, int length, float factor) {
    float max = RowLoops.max(x, xAt, length, Float.NEGATIVE_INFINITY);
    float sum = expShifted(out, outAt, x, xAt, length, max);
    RowLoops.scale(out, outAt, out, outAt, length, factor / sum);
  }

  /** x = exp(x - max); returns its sum, one after the other. */
  static float exponentials(float[] x, int at, int length) {
    expShifted(x, at, x, at, length, RowLoops.max(x, at, length, Float.NEGATIVE_INFINITY));
    return sumInOrder(x, at, length);
  }

  private static float sumInOrder(float[] x, int at, int length) {
    float sum = 0;
    for (int i = at; i < at + length; i++) {
      sum += x[i];
    }
    return sum;
  }

  /** out = exp(x - shift); returns its sum. */
  private static float expShifted(
      float[] out, int outAt, float[] x, int xAt, int length, float shift) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector power =
          VectorMath.exp(FloatVector.fromArray(Tiles.SPECIES, x, xAt + i).sub(shift));
      power.intoArray(out, outAt + i);
      sums = sums.add(power);
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      FloatVector power =
          VectorMath.exp(FloatVector.fromArray(Tiles.SPECIES, x, xAt + i, rest).sub(shift));
      power.intoArray(out, outAt + i, rest);
      sums = sums.add(power, rest);
    }
    return LaneSum.of(sums);
  }

  /** Returns log(sum of exp(x)). */
  static double logSumExp(float[] x, int at, int length) {
    float max = RowLoops.max(x, at, length, Float.NEGATIVE_INFINITY);
    return max + Math.log(sumExpShifted(x, at, length, max));
  }

  private static float sumExpShifted(float[] x, int at, int length, float shift) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      sums = sums.add(VectorMath.exp(FloatVector.fromArray(Tiles.SPECIES, x, at + i).sub(shift)));
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, at + i, rest);
      sums = sums.add(VectorMath.exp(v.sub(shift)), rest);
    }
    return LaneSum.of(sums);
  }

  /** Returns the sum of exp(p) (p - q), where p = x - shiftX and q = y - shiftY. */
  static float divergence(
      float[] x, int xAt, float shiftX, float[] y, int yAt, float shiftY, int length) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector p = FloatVector.fromArray(Tiles.SPECIES, x, xAt + i).sub(shiftX);
      FloatVector q = FloatVector.fromArray(Tiles.SPECIES, y, yAt + i).sub(shiftY);
      sums = VectorMath.exp(p).fma(p.sub(q), sums);
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      FloatVector p = FloatVector.fromArray(Tiles.SPECIES, x, xAt + i, rest).sub(shiftX);
      FloatVector q = FloatVector.fromArray(Tiles.SPECIES, y, yAt + i, rest).sub(shiftY);
      sums = sums.add(VectorMath.exp(p).mul(p.sub(q)), rest);
    }
    return LaneSum.of(sums);
  }

  /** dx = y (dy - mean), where mean is the sum of dy y. */
  static void softmaxBackward(
      float[] dx, int dxAt, float[] dy, int dyAt, float[] y, int yAt, int length) {
    float mean = RowLoops.dot(dy, dyAt, y, yAt, length);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, dy, dyAt + i)
          .sub(mean)
          .mul(FloatVector.fromArray(Tiles.SPECIES, y, yAt + i))
          .intoArray(dx, dxAt + i);
    }
    for (; i < length; i++) {
      dx[dxAt + i] = (dy[dyAt + i] - mean) * y[yAt + i];
    }
  }
}
