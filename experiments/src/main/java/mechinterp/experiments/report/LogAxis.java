package mechinterp.experiments.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A logarithmic axis, with ticks at powers of ten.
 *
 * @param low value at its beginning, above 0
 * @param high value at its end, above {@code low}
 */
record LogAxis(double low, double high) implements Axis {
  private static final int THOUSAND = 1_000;
  private static final int MILLION = 1_000_000;

  LogAxis {
    if (!(low > 0 && high > low)) {
      throw new IllegalArgumentException(
          "axis: is from %s to %s; it must rise and lie above 0".formatted(low, high));
    }
  }

  @Override
  public List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (int power = (int) Math.ceil(Math.log10(low) - 1e-9);
        power <= Math.log10(high) + 1e-9;
        power++) {
      ticks.add(Math.pow(10, power));
    }
    return ticks;
  }

  @Override
  public double position(double value) {
    return Math.log(value / low) / Math.log(high / low);
  }

  @Override
  public String label(double tick) {
    if (tick >= MILLION) {
      return whole(tick / MILLION) + "M";
    }
    if (tick >= 10 * THOUSAND) {
      return whole(tick / THOUSAND) + "k";
    }
    return tick >= 1 ? whole(tick) : String.format(Locale.ROOT, "%.0e", tick);
  }

  private static String whole(double number) {
    return String.format(Locale.ROOT, "%.0f", number);
  }
}
