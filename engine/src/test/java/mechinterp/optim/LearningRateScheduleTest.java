package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  @Test
  void risesStaysAndFalls() {
    LearningRateSchedule schedule =
        new LearningRateSchedule(0.8, 20, 4, 5, LearningRateDecay.LINEAR);
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

  /** From the peak at u = 1 over a half at u = 1/2 to nearly 0: (1 - cos(pi u)) / 2. */
  @Test
  void fallsAlongHalfACosine() {
    LearningRateSchedule schedule = new LearningRateSchedule(2, 10, 2, 8, LearningRateDecay.COSINE);
    assertEquals(1, schedule.at(1), 1e-15);
    assertEquals(2, schedule.at(3), 1e-15);
    assertEquals(1 + Math.cos(Math.PI / 8), schedule.at(4), 1e-15);
    assertEquals(1, schedule.at(7), 1e-15);
    assertEquals(1 - Math.cos(Math.PI / 8), schedule.at(10), 1e-15);
  }

  @Test
  void isConstantWithoutWarmUpAndDecay() {
    LearningRateSchedule schedule =
        new LearningRateSchedule(0.5, 3, 0, 0, LearningRateDecay.COSINE);
    assertEquals(0.5, schedule.at(1));
    assertEquals(0.5, schedule.at(3));
  }

  @Test
  void partsLongerThanTheRunAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new LearningRateSchedule(0.5, 3, 2, 2, LearningRateDecay.LINEAR));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LearningRateSchedule(Double.NaN, 3, 0, 0, LearningRateDecay.COSINE));
  }
}
