package mechinterp.experiments.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LiveCurveTest {
  @Test
  void aPartIsAsHighAsTheLogarithmOfItsMean() {
    LiveCurve curve = new LiveCurve(4, 8);
    double[] values = {6, 10, 4, 4, 2, 2, 1, 1};
    for (int step = 1; step <= 8; step++) {
      curve.add(step, values[step - 1]);
    }
    assertEquals("█▆▃▁", curve.toString());
  }

  @Test
  void whatIsToComeAndWhatIsNoNumberAreSpaces() {
    LiveCurve curve = new LiveCurve(3, 3);
    assertEquals("   ", curve.toString());
    curve.add(1, Double.NaN);
    curve.add(2, 0.5);
    assertEquals(" ▁ ", curve.toString());
  }

  @Test
  void aRunOfFewerStepsThanBlocksAndLaterStepsFit() {
    LiveCurve curve = new LiveCurve(4, 2);
    curve.add(1, 2);
    curve.add(2, 1);
    curve.add(9, 1);
    assertEquals("█ ▁▁", curve.toString());
  }
}
