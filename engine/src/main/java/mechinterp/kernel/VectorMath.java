package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Functions that the vector units lack, by polynomials: the same numbers on every machine, where
 * the vector library of a JDK differs from one system to the next.
 */
final class VectorMath {
  private static final VectorSpecies<Float> SPECIES = Tiles.SPECIES;
  private static final float LOG2_E = (float) 1.44269504;
  private static final float LN2_HIGH = (float) 0.693359375;
  private static final float LN2_LOW = (float) -2.12194440e-4;
  private static final float EXP_LEAST = -88f;
  private static final float EXP_MOST = 88.3f;
  private static final int MANTISSA_BITS = 23;
  private static final int EXPONENT_BIAS = 127;
  private static final float ROUNDER = 12582912f;
  private static final float SQRT_HALF = (float) 0.70710678;
  private static final float DENSITY_AT_0 = (float) 0.39894228;
  private static final float SQRT_2_OVER_PI = (float) 0.79788456;
  private static final float CUBIC = (float) 0.044715;
  private static final float TANH_POLYNOMIAL = (float) 0.625;

  private VectorMath() {}

  /**
   * exp(x), relative error below 2e-7 for -87.3 to 88.3; larger x are taken as 88.3, and below
   * -87.7, where n is -127 and the bits of 2^n are those of 0, the result is 0.
   *
   * <p>Source: Moshier, Cephes, expf.c: exp(x) = 2^n exp(r) with n = round(x / ln 2) and a
   * polynomial for |r| below ln 2 / 2. n is in the last bits of its sum with a number so large that
   * nothing smaller than 1 has room beside it; {@code max}, {@code min} and conversions to integers
   * cost several times as much as comparing and shifting.
   */
  static FloatVector exp(FloatVector x) {
    FloatVector notLess = x.blend(EXP_LEAST, x.compare(VectorOperators.LT, EXP_LEAST));
    FloatVector clamped = notLess.blend(EXP_MOST, x.compare(VectorOperators.GT, EXP_MOST));
    FloatVector rounder = FloatVector.broadcast(SPECIES, ROUNDER);
    FloatVector shifted = clamped.fma(FloatVector.broadcast(SPECIES, LOG2_E), rounder);
    FloatVector n = shifted.sub(rounder);
    FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), clamped);
    r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
    FloatVector p = FloatVector.broadcast(SPECIES, (float) 1.9875691500e-4);
    p = p.fma(r, FloatVector.broadcast(SPECIES, (float) 1.3981999507e-3));
    p = p.fma(r, FloatVector.broadcast(SPECIES, (float) 8.3334519073e-3));
    p = p.fma(r, FloatVector.broadcast(SPECIES, (float) 4.1665795894e-2));
    p = p.fma(r, FloatVector.broadcast(SPECIES, (float) 1.6666665459e-1));
    p = p.fma(r, FloatVector.broadcast(SPECIES, (float) 5.0000001201e-1));
    FloatVector power = p.fma(r.mul(r), r.add(1f));
    return power.mul(powerOfTwo(shifted));
  }

  /** 2^n, where the last bits of {@code shifted} are n. */
  private static FloatVector powerOfTwo(FloatVector shifted) {
    return shifted
        .reinterpretAsInts()
        .lanewise(VectorOperators.LSHL, MANTISSA_BITS)
        .add(EXPONENT_BIAS << MANTISSA_BITS)
        .reinterpretAsFloats();
  }

  /**
   * x Phi(x), absolute error below 2e-7 |x|.
   *
   * <p>Source: Abramowitz and Stegun 7.1.26 for erf.
   */
  static FloatVector gelu(FloatVector x) {
    FloatVector z = x.abs().mul(SQRT_HALF);
    return x.mul(cdf(x, z, exp(z.mul(z).neg())));
  }

  /** The derivative of {@link #gelu}, Phi(x) + x phi(x), absolute error below 1e-6. */
  static FloatVector geluDerivative(FloatVector x) {
    FloatVector z = x.abs().mul(SQRT_HALF);
    FloatVector power = exp(z.mul(z).neg());
    return power.mul(DENSITY_AT_0).fma(x, cdf(x, z, power));
  }

  /** Phi(x), where z = |x| / sqrt 2 and power = exp(-z^2). */
  private static FloatVector cdf(FloatVector x, FloatVector z, FloatVector power) {
    FloatVector t = FloatVector.broadcast(SPECIES, 1f).div(z.mul((float) 0.3275911).add(1f));
    FloatVector p = FloatVector.broadcast(SPECIES, (float) 1.061405429);
    p = p.fma(t, FloatVector.broadcast(SPECIES, (float) -1.453152027));
    p = p.fma(t, FloatVector.broadcast(SPECIES, (float) 1.421413741));
    p = p.fma(t, FloatVector.broadcast(SPECIES, (float) -0.284496736));
    p = p.fma(t, FloatVector.broadcast(SPECIES, (float) 0.254829592));
    FloatVector upperTail = p.mul(t).mul(power).mul(0.5f);
    return upperTail.neg().add(1f).blend(upperTail, x.compare(VectorOperators.LT, 0f));
  }

  /** 0.5 x (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3): x times the sigmoid of 2 u. */
  static FloatVector geluTanh(FloatVector x) {
    return x.mul(sigmoid(twiceInner(x, x.mul(x))));
  }

  /** The derivative of {@link #geluTanh}: s + x s (1 - s) (2 u)', s the sigmoid of 2 u. */
  static FloatVector geluTanhDerivative(FloatVector x) {
    FloatVector square = x.mul(x);
    FloatVector s = sigmoid(twiceInner(x, square));
    FloatVector slope = square.mul(3 * CUBIC).add(1f).mul(2 * SQRT_2_OVER_PI);
    return x.mul(slope).mul(s.neg().add(1f)).fma(s, s);
  }

  private static FloatVector twiceInner(FloatVector x, FloatVector square) {
    return square.mul(CUBIC).add(1f).mul(x).mul(2 * SQRT_2_OVER_PI);
  }

  /** 1 / (1 + exp(-x)), relative error below 1e-6 for x above -88. */
  static FloatVector sigmoid(FloatVector x) {
    return FloatVector.broadcast(SPECIES, 1f).div(exp(x.neg()).add(1f));
  }

  /** The derivative of max(x, 0): 1 where x is positive, else 0. */
  static FloatVector step(FloatVector x) {
    FloatVector zero = FloatVector.zero(SPECIES);
    return zero.blend(1f, x.compare(VectorOperators.GT, 0f));
  }

  /**
   * tanh(x), relative error below 1e-6.
   *
   * <p>Source: Moshier, Cephes, tanhf.c: a polynomial for |x| below 0.625, beyond it 1 - 2 / (exp(2
   * |x|) + 1) with the sign of x.
   */
  static FloatVector tanh(FloatVector x) {
    FloatVector magnitude = x.abs();
    FloatVector large =
        FloatVector.broadcast(SPECIES, -2f).div(exp(magnitude.add(magnitude)).add(1f)).add(1f);
    FloatVector square = x.mul(x);
    FloatVector p = FloatVector.broadcast(SPECIES, (float) -5.70498872745e-3);
    p = p.fma(square, FloatVector.broadcast(SPECIES, (float) 2.06390887954e-2));
    p = p.fma(square, FloatVector.broadcast(SPECIES, (float) -5.37397155531e-2));
    p = p.fma(square, FloatVector.broadcast(SPECIES, (float) 1.33314422036e-1));
    p = p.fma(square, FloatVector.broadcast(SPECIES, (float) -3.33332819422e-1));
    FloatVector small = p.mul(square).fma(x, x);
    FloatVector signed = large.blend(large.neg(), x.compare(VectorOperators.LT, 0f));
    return signed.blend(small, magnitude.compare(VectorOperators.LT, TANH_POLYNOMIAL));
  }
}
