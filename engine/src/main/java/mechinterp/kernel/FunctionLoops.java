package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Functions of {@link VectorMath} over rows that lie in arrays; the rest of a row is a masked
 * vector.
 */
final class FunctionLoops {
  private static final int LANES = Tiles.LANES;

  private FunctionLoops() {}

  /** out = gelu(x). */
  static void gelu(float[] out, int outAt, float[] x, int xAt, int length) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      VectorMath.gelu(FloatVector.fromArray(Tiles.SPECIES, x, xAt + i)).intoArray(out, outAt + i);
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      VectorMath.gelu(FloatVector.fromArray(Tiles.SPECIES, x, xAt + i, rest))
          .intoArray(out, outAt + i, rest);
    }
  }

  /** out = softmax(factor x) for a positive factor. */
  static void softmax(float[] out, int outAt, float[] x, int xAt, int length, float factor) {
    float max = RowLoops.max(x, xAt, length, Float.NEGATIVE_INFINITY);
    float sum = expShifted(out, outAt, x, xAt, length, max, factor);
    RowLoops.scale(out, outAt, out, outAt, length, 1 / sum);
  }

  /** out = exp(factor (x - shift)); returns its sum. */
  private static float expShifted(
      float[] out, int outAt, float[] x, int xAt, int length, float shift, float factor) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector power =
          VectorMath.exp(FloatVector.fromArray(Tiles.SPECIES, x, xAt + i).sub(shift).mul(factor));
      power.intoArray(out, outAt + i);
      sums = sums.add(power);
    }
    if (i < length) {
      VectorMask<Float> rest = Tiles.SPECIES.indexInRange(i, length);
      FloatVector power =
          VectorMath.exp(
              FloatVector.fromArray(Tiles.SPECIES, x, xAt + i, rest).sub(shift).mul(factor));
      power.intoArray(out, outAt + i, rest);
      sums = sums.add(power, rest);
    }
    return LaneSum.of(sums);
  }
}
