package mechinterp.metrics;

import org.hipparchus.distribution.continuous.TDistribution;

/**
 * The mean of some values and how well they determine it, by Student's t:
 *
 * <pre>  mean +- t s / sqrt(n),  s^2 = sum (value - mean)^2 / (n - 1)</pre>
 *
 * with t the quantile (1 + level) / 2 of n - 1 degrees of freedom. It holds for values that are
 * independent and normal; of few seeds more cannot be had.
 *
 * @param mean of the values
 * @param halfWidth of the interval; infinite for a single value
 */
public record ConfidenceInterval(double mean, double halfWidth) {
  /**
   * Returns the interval of a level such as .95.
   *
   * @throws IllegalArgumentException when there is no value or the level is not within 0 and 1
   */
  public static ConfidenceInterval of(double level, double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("confidence interval: of no values; at least 1 is needed");
    }
    if (!(level > 0 && level < 1)) {
      throw new IllegalArgumentException(
          "confidence interval: level is %s; it must be between 0 and 1".formatted(level));
    }
    double mean = 0;
    for (double value : values) {
      mean += value / values.length;
    }
    if (values.length == 1) {
      return new ConfidenceInterval(mean, Double.POSITIVE_INFINITY);
    }
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    int freedom = values.length - 1;
    double quantile = new TDistribution(freedom).inverseCumulativeProbability((1 + level) / 2);
    return new ConfidenceInterval(mean, quantile * Math.sqrt(squares / freedom / values.length));
  }

  /** Returns whether the interval leaves out 0. */
  public boolean excludesZero() {
    return Math.abs(mean) > halfWidth;
  }
}
