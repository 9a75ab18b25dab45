package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleSupplier;

/** Gradients against central differences of a loss in double precision. */
final class FiniteDifferences {
  private static final double STEP = 1e-4;

  private FiniteDifferences() {}

  /** Checks every number of a parameter, some of which must matter. */
  static void assertGradient(
      String name, DoubleSupplier loss, double[][] parameter, float[] gradient) {
    int cols = parameter[0].length;
    double largest = 0;
    for (int i = 0; i < gradient.length; i++) {
      double expected = centralDifference(loss, parameter[i / cols], i % cols);
      largest = Math.max(largest, Math.abs(expected));
      assertEquals(expected, gradient[i], 2e-5 * (1 + Math.abs(expected)), name + " " + i);
    }
    assertTrue(largest > 1e-3, name + " has no gradient to speak of");
  }

  private static double centralDifference(DoubleSupplier loss, double[] row, int at) {
    double value = row[at];
    row[at] = value + STEP;
    double above = loss.getAsDouble();
    row[at] = value - STEP;
    double below = loss.getAsDouble();
    row[at] = value;
    return (above - below) / (2 * STEP);
  }
}
