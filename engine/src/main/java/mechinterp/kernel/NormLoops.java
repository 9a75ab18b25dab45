package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;

/** What norms and their gradients do to rows that lie in arrays. */
final class NormLoops {
  private static final int LANES = Tiles.LANES;

  private NormLoops() {}

  /** out = (x - center) factor gain + bias. */
  static void standardize(
      float[] out,
      int outAt,
      float[] x,
      int xAt,
      int length,
      float center,
      float factor,
      float[] gain,
      int gainAt,
      float[] bias,
      int biasAt) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, x, xAt + i)
          .sub(center)
          .mul(factor)
          .fma(
              FloatVector.fromArray(Tiles.SPECIES, gain, gainAt + i),
              FloatVector.fromArray(Tiles.SPECIES, bias, biasAt + i))
          .intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = Math.fma((x[xAt + i] - center) * factor, gain[gainAt + i], bias[biasAt + i]);
    }
  }

  /** Returns the sum of a b (x - center). */
  static float sumOfProducts(
      float[] a, int aAt, float[] b, int bAt, float[] x, int xAt, int length, float center) {
    FloatVector sums = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector product =
          FloatVector.fromArray(Tiles.SPECIES, a, aAt + i)
              .mul(FloatVector.fromArray(Tiles.SPECIES, b, bAt + i));
      sums = FloatVector.fromArray(Tiles.SPECIES, x, xAt + i).sub(center).fma(product, sums);
    }
    float sum = LaneSum.of(sums);
    for (; i < length; i++) {
      sum = Math.fma(x[xAt + i] - center, a[aAt + i] * b[bAt + i], sum);
    }
    return sum;
  }

  /** out = (a b - center) factor. */
  static void centerProduct(
      float[] out,
      int outAt,
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      int length,
      float center,
      float factor) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, a, aAt + i)
          .mul(FloatVector.fromArray(Tiles.SPECIES, b, bAt + i))
          .sub(center)
          .mul(factor)
          .intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = (a[aAt + i] * b[bAt + i] - center) * factor;
    }
  }

  /** out += (x - center) factor. */
  static void addCentered(
      float[] out, int outAt, float[] x, int xAt, int length, float center, float factor) {
    FloatVector f = FloatVector.broadcast(Tiles.SPECIES, factor);
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, x, xAt + i)
          .sub(center)
          .fma(f, FloatVector.fromArray(Tiles.SPECIES, out, outAt + i))
          .intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = Math.fma(x[xAt + i] - center, factor, out[outAt + i]);
    }
  }

  /** out += a (x - center) factor. */
  static void addCenteredProduct(
      float[] out,
      int outAt,
      float[] a,
      int aAt,
      float[] x,
      int xAt,
      int length,
      float center,
      float factor) {
    int i = 0;
    for (; i <= length - LANES; i += LANES) {
      FloatVector.fromArray(Tiles.SPECIES, x, xAt + i)
          .sub(center)
          .mul(factor)
          .fma(
              FloatVector.fromArray(Tiles.SPECIES, a, aAt + i),
              FloatVector.fromArray(Tiles.SPECIES, out, outAt + i))
          .intoArray(out, outAt + i);
    }
    for (; i < length; i++) {
      out[outAt + i] = Math.fma((x[xAt + i] - center) * factor, a[aAt + i], out[outAt + i]);
    }
  }
}
