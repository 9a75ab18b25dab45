package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  @Test
  void risesStaysAndFalls() {
    LearningRateSchedule schedule = new LearningRateSchedule(0.8, 20, 4, 5);
    double[] expected = new double[20];
    for (int i = 0; i < 20; i++) {
      expected[i] = 0.8;
    }
    expected[0] = 0.2;
    expected[1] = 0.4;
    expected[2] = 0.6;
    expected[16] = 0.64;
    expected[17] = 0.48;
    expected[18] = 0.32;
    expected[19] = 0.16;
    for (int step = 1; step <= 20; step++) {
      assertEquals(expected[step - 1], schedule.at(step), 1e-15, "step " + step);
    }
  }

  @Test
  void isConstantWithoutWarmUpAndDecay() {
    LearningRateSchedule schedule = new LearningRateSchedule(0.5, 3, 0, 0);
    assertEquals(0.5, schedule.at(1));
    assertEquals(0.5, schedule.at(3));
  }

  @Test
  void partsLongerThanTheRunAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new LearningRateSchedule(0.5, 3, 2, 2));
    assertThrows(
        IllegalArgumentException.class, () -> new LearningRateSchedule(Double.NaN, 3, 0, 0));
  }
}
