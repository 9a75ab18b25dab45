package mechinterp.kernel;

/** The standard normal distribution function in double precision, for the reference GELU. */
final class NormalDistribution {
  private static final double SERIES_LIMIT = 3;

  private NormalDistribution() {}

  /** Returns Phi(x) = (1 + erf(x / sqrt 2)) / 2, with an absolute error below 1e-14. */
  static double cdf(double x) {
    double magnitude = Math.abs(x);
    double upperTail = magnitude < SERIES_LIMIT ? 0.5 - series(magnitude) : tail(magnitude);
    return x > 0 ? 1 - upperTail : upperTail;
  }

  /** Phi(x) - 1/2 by phi(x) (x + x^3/3 + x^5/(3*5) + ...); Abramowitz and Stegun 26.2.11. */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int i = 3; term > sum * 1e-17; i += 2) {
      term *= x * x / i;
      sum += term;
    }
    return sum * density(x);
  }

  /**
   * 1 - Phi(x) by the continued fraction phi(x) / (x + 1/(x + 2/(x + ...))); Abramowitz and Stegun
   * 26.2.14.
   */
  private static double tail(double x) {
    double fraction = 0;
    for (int i = 100; i >= 1; i--) {
      fraction = i / (x + fraction);
    }
    return density(x) / (x + fraction);
  }

  /** Returns the density phi(x). */
  static double density(double x) {
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }
}
