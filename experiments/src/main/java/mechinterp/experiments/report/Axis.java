package mechinterp.experiments.report;

import java.util.List;

/** An axis of a figure: where values lie on it, and where its ticks are. */
sealed interface Axis permits LinearAxis, LogAxis {
  /** Returns a linear axis that holds both values, widened to round numbers. */
  static Axis around(double low, double high) {
    return LinearAxis.around(low, high);
  }

  /**
   * Returns a linear axis that ends exactly at these values, with ticks at round numbers between.
   */
  static Axis exactly(double low, double high) {
    return LinearAxis.exactly(low, high);
  }

  /** Returns a logarithmic axis that ends exactly at these positive values. */
  static Axis logarithmic(double low, double high) {
    return new LogAxis(low, high > low ? high : 10 * low);
  }

  /** Returns the value at its beginning. */
  double low();

  /** Returns the value at its end, above {@link #low}. */
  double high();

  /** Returns the values at which to draw ticks. */
  List<Double> ticks();

  /** Returns where a value lies between the ends: 0 at the beginning, 1 at the end. */
  double position(double value);

  /** Returns a tick's label: {@code 250k}, {@code 1.5M}, {@code 0.05}, {@code 2e-04}. */
  String label(double tick);
}
