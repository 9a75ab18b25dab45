package mechinterp.experiments.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class AxisTest {

  @Test
  void anAxisAroundValuesIsWidenedToRoundNumbers() {
    Axis axis = Axis.around(0, 0.87);
    assertEquals(List.of(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), rounded(axis));
    assertEquals(0.5, axis.position(0.5), 1e-12);
  }

  @Test
  void anExactAxisKeepsItsEndsAndHasTicksWithin() {
    Axis axis = Axis.exactly(-4.5, 0);
    assertEquals(-4.5, axis.low());
    assertEquals(List.of(-4.0, -3.0, -2.0, -1.0, 0.0), rounded(axis));
  }

  @Test
  void oneValueStillMakesAnAxis() {
    for (double value : new double[] {0, 3, -2, 1e-9, 1e9}) {
      Axis around = Axis.around(value, value);
      assertTrue(around.high() > around.low() && !around.ticks().isEmpty(), "around " + value);
      assertTrue(around.low() <= value && value <= around.high(), "around " + value);
      assertEquals(0, Axis.exactly(value, value).position(value), "exactly " + value);
    }
  }

  @Test
  void smallNumbersAreShort() {
    assertEquals("2e-04", Axis.around(0, 6e-4).label(2e-4));
    assertEquals("0", Axis.around(0, 6e-4).label(0));
    assertEquals("-4", Axis.exactly(-5, 0).label(-4));
  }

  @Test
  void largeNumbersAreShort() {
    assertEquals("1.5M", Axis.around(0, 2e6).label(1.5e6));
    assertEquals("250k", Axis.around(0, 800_000).label(250_000));
    assertEquals("0.05", Axis.around(0, 0.25).label(0.05));
    assertEquals("0", Axis.around(0, 2e6).label(0));
  }

  @Test
  void aLogarithmicAxisHasTicksAtPowersOfTen() {
    Axis axis = Axis.logarithmic(2, 30_000);
    assertEquals(List.of(10.0, 100.0, 1000.0, 10_000.0), rounded(axis));
    assertEquals(0, axis.position(2), 1e-12);
    assertEquals(0.5, axis.position(Math.sqrt(60_000)), 1e-12);
    assertEquals(1, axis.position(30_000), 1e-12);
    assertEquals("1000", axis.label(1e3));
    assertEquals("10k", axis.label(1e4));
    assertEquals("1M", axis.label(1e6));
    assertEquals(List.of(1.0, 10.0), rounded(Axis.logarithmic(1, 1)));
    assertThrows(IllegalArgumentException.class, () -> Axis.logarithmic(0, 3));
  }

  private static List<Double> rounded(Axis axis) {
    return axis.ticks().stream().map(tick -> Math.round(tick * 1e6) / 1e6 + 0.0).toList();
  }
}
