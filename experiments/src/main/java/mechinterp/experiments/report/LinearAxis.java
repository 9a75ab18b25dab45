package mechinterp.experiments.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear axis, with ticks at round numbers.
 *
 * @param low value at its beginning
 * @param high value at its end, above {@code low}
 * @param step distance of the ticks
 */
record LinearAxis(double low, double high, double step) implements Axis {
  private static final int MOST_TICKS = 6;
  private static final double[] ROUND = {1, 2, 5, 10};

  static LinearAxis around(double low, double high) {
    if (high <= low) {
      double step = roundStep(Math.max(Math.abs(low), 1));
      double below = step * Math.floor(low / step + 1e-9);
      return new LinearAxis(below, below + step, step);
    }
    double step = roundStep((high - low) / (MOST_TICKS - 1));
    double from = step * Math.floor(low / step + 1e-9);
    double to = step * Math.ceil(high / step - 1e-9);
    return new LinearAxis(from, to, step);
  }

  static LinearAxis exactly(double low, double high) {
    double width = high > low ? high - low : 1;
    return new LinearAxis(low, low + width, roundStep(width / (MOST_TICKS - 1)));
  }

  private static double roundStep(double least) {
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    for (double round : ROUND) {
      if (round * power >= least * (1 - 1e-9)) {
        return round * power;
      }
    }
    return 10 * power;
  }

  @Override
  public List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  @Override
  public double position(double value) {
    return (value - low) / (high - low);
  }

  @Override
  public String label(double tick) {
    if (high >= 1e6) {
      return tick == 0 ? "0" : Html.number(tick / 1e6, 2) + "M";
    }
    if (high >= 1e4) {
      return tick == 0 ? "0" : Html.number(tick / 1e3, 2) + "k";
    }
    if (Math.max(high, -low) < 1e-2) {
      return tick == 0 ? "0" : String.format(Locale.ROOT, "%.1e", tick).replace(".0e", "e");
    }
    int digits = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    return Html.number(tick, digits);
  }
}
