package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;

class ConfidenceIntervalTest {
  @Test
  void threeValuesHaveTheTabulatedQuantileOfTwoDegreesOfFreedom() {
    ConfidenceInterval interval = ConfidenceInterval.of(0.95, 1, 2, 3);
    assertEquals(2, interval.mean(), 1e-12);
    assertEquals(4.302653 / Math.sqrt(3), interval.halfWidth(), 1e-5);
    assertFalse(interval.excludesZero());
    assertTrue(ConfidenceInterval.of(0.95, -2, -2.1, -1.9).excludesZero());
  }

  @Test
  void oneValueDeterminesNothing() {
    ConfidenceInterval interval = ConfidenceInterval.of(0.95, 7);
    assertEquals(7, interval.mean());
    assertEquals(Double.POSITIVE_INFINITY, interval.halfWidth());
    assertFalse(interval.excludesZero());
  }

  @Test
  void noValuesAndImpossibleLevelsAreRefused() {
    assertEquals(
        "confidence interval: of no values; at least 1 is needed",
        Refusal.of(IllegalArgumentException.class, () -> ConfidenceInterval.of(0.95)));
    assertEquals(
        "confidence interval: level is 1.0; it must be between 0 and 1",
        Refusal.of(IllegalArgumentException.class, () -> ConfidenceInterval.of(1, 1)));
  }
}
