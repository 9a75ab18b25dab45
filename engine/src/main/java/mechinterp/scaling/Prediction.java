package mechinterp.scaling;

/**
 * What a law says of a setting.
 *
 * @param value by the best parameters
 * @param low lower end of the law's 95 % interval
 * @param high its upper end
 * @param measuredLow lower end of the 95 % interval of one measurement, whose noise is that of the
 *     points around the law
 * @param measuredHigh its upper end
 * @param extrapolation how far the setting lies outside the points: the largest distance of a
 *     covariate's logarithm from their range, as a share of that range; 0 inside
 */
public record Prediction(
    double value,
    double low,
    double high,
    double measuredLow,
    double measuredHigh,
    double extrapolation) {
  /** Returns whether one measurement lies within its interval. */
  public boolean covers(double measured) {
    return measuredLow <= measured && measured <= measuredHigh;
  }
}
