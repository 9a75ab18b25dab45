package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Loops over rows that lie in arrays. Loops that add up element by element use fused multiply-adds
 * in vectors and in the rest alike, so an element's bits do not depend on where in the row it is.
 */
final class RowLoops {
  private static final int LANES = Tiles.LANES;

  private RowLoops() {}

  /** The factor of a row in a sum of rows. */
  interface Factor {
    float of(int term);
  }

  /** Where the row of a term begins. */
  interface Place {
    int of(int term);
  }

  /** out = a + factor b. */
  static void addScaled(
      float[] out, int outAt, float[] a, int aAt, float[] b, int bAt, int length, float factor) {
    FloatVector f = FloatVector.broadcast(Tiles.SPECIES, factor);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector x = FloatVector.fromArray(Tiles.SPECIES, a, aAt + i);
      FloatVector y = FloatVector.fromArray(Tiles.SPECIES, b, bAt + i);
      y.fma(f, x).intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = Math.fma(b[bAt + i], factor, a[aAt + i]);
    }
  }

  /** out = factor x. */
  static void scale(float[] out, int outAt, float[] x, int xAt, int length, float factor) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, x, xAt + i).mul(factor).intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = x[xAt + i] * factor;
    }
  }

  /** out = a b. */
  static void multiply(float[] out, int outAt, float[] a, int aAt, float[] b, int bAt, int length) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, a, aAt + i)
          .mul(FloatVector.fromArray(Tiles.SPECIES, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = a[aAt + i] * b[bAt + i];
    }
  }

  /**
   * sums += the sum over terms t below {@code terms} of factor(t) times the row at place(t), one
   * term after the other.
   */
  static void addRows(
      float[] sums, int at, int length, int terms, Factor factor, float[] rows, Place place) {
    int t = 0;
    for (; t <= terms - 4; t += 4) {
      addFourRows(
          sums,
          at,
          length,
          factor.of(t),
          factor.of(t + 1),
          factor.of(t + 2),
          factor.of(t + 3),
          rows,
          place.of(t),
          place.of(t + 1),
          place.of(t + 2),
          place.of(t + 3));
    }
    for (; t < terms; t++) {
      addScaled(sums, at, sums, at, rows, place.of(t), length, factor.of(t));
    }
  }

  /**
   * sums += the sum over t below {@code terms} of factors[factorsAt + t] times the row at {@code
   * rowsAt + t * stride}, one term after the other.
   */
  static void addRows(
      float[] sums,
      int at,
      int length,
      int terms,
      float[] factors,
      int factorsAt,
      float[] rows,
      int rowsAt,
      int stride) {
    int t = 0;
    for (; t <= terms - 4; t += 4) {
      int factor = factorsAt + t;
      int row = rowsAt + t * stride;
      addFourRows(
          sums,
          at,
          length,
          factors[factor],
          factors[factor + 1],
          factors[factor + 2],
          factors[factor + 3],
          rows,
          row,
          row + stride,
          row + 2 * stride,
          row + 3 * stride);
    }
    for (; t < terms; t++) {
      addScaled(sums, at, sums, at, rows, rowsAt + t * stride, length, factors[factorsAt + t]);
    }
  }

  /** Four terms in one pass over the sums: a load and a store of a sum serve four rows. */
  private static void addFourRows(
      float[] sums,
      int at,
      int length,
      float f0,
      float f1,
      float f2,
      float f3,
      float[] rows,
      int r0,
      int r1,
      int r2,
      int r3) {
    FloatVector v0 = FloatVector.broadcast(Tiles.SPECIES, f0);
    FloatVector v1 = FloatVector.broadcast(Tiles.SPECIES, f1);
    FloatVector v2 = FloatVector.broadcast(Tiles.SPECIES, f2);
    FloatVector v3 = FloatVector.broadcast(Tiles.SPECIES, f3);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector sum = FloatVector.fromArray(Tiles.SPECIES, sums, at + i);
      sum = FloatVector.fromArray(Tiles.SPECIES, rows, r0 + i).fma(v0, sum);
      sum = FloatVector.fromArray(Tiles.SPECIES, rows, r1 + i).fma(v1, sum);
      sum = FloatVector.fromArray(Tiles.SPECIES, rows, r2 + i).fma(v2, sum);
      sum = FloatVector.fromArray(Tiles.SPECIES, rows, r3 + i).fma(v3, sum);
      sum.intoArray(sums, at + i);
    }
    for (; i < length; i++) {
      float sum = Math.fma(rows[r0 + i], f0, sums[at + i]);
      sum = Math.fma(rows[r1 + i], f1, sum);
      sum = Math.fma(rows[r2 + i], f2, sum);
      sums[at + i] = Math.fma(rows[r3 + i], f3, sum);
    }
  }

  /** Returns the sum of a[i] b[i]. */
  static float dot(float[] a, int aAt, float[] b, int bAt, int length) {
    FloatVector x = FloatVector.zero(Tiles.SPECIES);
    FloatVector y = x;
    int i = 0;
    for (; i <= length - 2 * LANES; i += 2 * LANES) {
      x =
          FloatVector.fromArray(Tiles.SPECIES, a, aAt + i)
              .fma(FloatVector.fromArray(Tiles.SPECIES, b, bAt + i), x);
      y =
          FloatVector.fromArray(Tiles.SPECIES, a, aAt + i + LANES)
              .fma(FloatVector.fromArray(Tiles.SPECIES, b, bAt + i + LANES), y);
    }
    float sum = LaneSum.of(x.add(y));
    for (; i < length; i++) {
      sum = Math.fma(a[aAt + i], b[bAt + i], sum);
    }
    return sum;
  }

  /** Returns the sum of x[i]. */
  static float sum(float[] x, int at, int length) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      sums = sums.add(FloatVector.fromArray(Tiles.SPECIES, x, at + i));
    }
    float sum = LaneSum.of(sums);
    for (; i < length; i++) {
      sum += x[at + i];
    }
    return sum;
  }

  /** Returns the sum of (x[i] - center)^2. */
  static float sumOfSquares(float[] x, int at, int length, float center) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector distance = FloatVector.fromArray(Tiles.SPECIES, x, at + i).sub(center);
      sums = distance.fma(distance, sums);
    }
    float sum = LaneSum.of(sums);
    for (; i < length; i++) {
      sum = Math.fma(x[at + i] - center, x[at + i] - center, sum);
    }
    return sum;
  }

  /** Returns the largest of x, at least {@code least}. */
  static float max(float[] x, int at, int length, float least) {
    FloatVector a = FloatVector.broadcast(Tiles.SPECIES, least);
    FloatVector b = a;
    int i = 0;
    for (; i <= length - 2 * LANES; i += 2 * LANES) {
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, at + i);
      a = a.blend(v, v.compare(VectorOperators.GT, a));
      v = FloatVector.fromArray(Tiles.SPECIES, x, at + i + LANES);
      b = b.blend(v, v.compare(VectorOperators.GT, b));
    }
    float max = a.max(b).reduceLanes(VectorOperators.MAX);
    for (; i < length; i++) {
      max = Math.max(max, x[at + i]);
    }
    return max;
  }

  /** Returns how many of x are above a threshold. */
  static int countAbove(float[] x, int at, int length, float threshold) {
    int count = 0;
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      count +=
          FloatVector.fromArray(Tiles.SPECIES, x, at + i)
              .compare(VectorOperators.GT, threshold)
              .trueCount();
    }
    for (; i < length; i++) {
      count += x[at + i] > threshold ? 1 : 0;
    }
    return count;
  }

  /**
   * Returns a limit for the {@code k} largest of x, none of which is negative: at most k are above
   * it, and those that are missing to k are equal to it. 0 when no more than k are positive.
   * Positive floats are ordered like their bits, so it is found by bisection.
   */
  static float limitOfLargest(float[] x, int at, int length, int k) {
    if (countAbove(x, at, length, 0) <= k) {
      return 0;
    }
    int tooLow = 0;
    int enough = Float.floatToRawIntBits(max(x, at, length, 0));
    while (enough - tooLow > 1) {
      int middle = (tooLow + enough) >>> 1;
      int above = countAbove(x, at, length, Float.intBitsToFloat(middle));
      if (above == k) {
        return Float.intBitsToFloat(middle);
      }
      if (above < k) {
        enough = middle;
      } else {
        tooLow = middle;
      }
    }
    return Float.intBitsToFloat(enough);
  }
}
