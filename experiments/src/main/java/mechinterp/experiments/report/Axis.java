package mechinterp.experiments.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A linear axis from {@code low} to {@code high}, with ticks at round numbers.
 *
 * @param low value at its beginning
 * @param high value at its end, above {@code low}
 * @param step distance of the ticks
 */
record Axis(double low, double high, double step) {
  private static final int MOST_TICKS = 6;
  private static final double[] ROUND = {1, 2, 5, 10};

  /** Returns an axis that holds both values, widened to round numbers. */
  static Axis around(double low, double high) {
    if (high <= low) {
      double step = roundStep(Math.max(Math.abs(low), 1));
      double below = step * Math.floor(low / step + 1e-9);
      return new Axis(below, below + step, step);
    }
    double step = roundStep((high - low) / (MOST_TICKS - 1));
    double from = step * Math.floor(low / step + 1e-9);
    double to = step * Math.ceil(high / step - 1e-9);
    return new Axis(from, to, step);
  }

  /** Returns an axis that ends exactly at these values, with ticks at round numbers between. */
  static Axis exactly(double low, double high) {
    double width = high > low ? high - low : 1;
    return new Axis(low, low + width, roundStep(width / (MOST_TICKS - 1)));
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

  /** Returns the values at which to draw ticks. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** Returns where a value lies between the ends: 0 at the beginning, 1 at the end. */
  double position(double value) {
    return (value - low) / (high - low);
  }

  /** Returns a tick's label: {@code 250k}, {@code 1.5M}, {@code 0.05}, {@code 2e-04}. */
  String label(double tick) {
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
