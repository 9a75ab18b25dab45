package mechinterp.synthetic;

import org.hipparchus.special.Erf;

/**
 * Compares numbers with the upper tail of the normal distribution, Q(t) = P(g > t). A table of
 * bounds answers most questions without computing Q.
 */
final class NormalTail {
  private static final int STEPS_PER_UNIT = 64;
  private static final int LIMIT = 8;

  /**
   * Entry j is Q at the lower end of step j, so no smaller than Q within the step and no larger
   * before it.
   */
  private final double[] bounds = new double[2 * LIMIT * STEPS_PER_UNIT];

  NormalTail() {
    for (int j = 0; j < bounds.length; j++) {
      bounds[j] = tail((double) j / STEPS_PER_UNIT - LIMIT);
    }
  }

  /** Returns whether {@code x < Q(t)}. */
  boolean isBelow(double x, double t) {
    int step = (int) Math.clamp(Math.floor((t + LIMIT) * STEPS_PER_UNIT), 0.0, bounds.length - 1.0);
    boolean impossible = t >= -LIMIT && x >= bounds[step];
    boolean certain = step + 1 < bounds.length && t < LIMIT && x < bounds[step + 1];
    return certain || (!impossible && x < tail(t));
  }

  private static double tail(double t) {
    return Erf.erfc(t / Math.sqrt(2)) / 2;
  }
}
