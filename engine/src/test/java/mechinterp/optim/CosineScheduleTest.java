package mechinterp.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CosineScheduleTest {
  @Test
  void risesToThePeakAndFallsAlongHalfACosineToTheFinalFraction() {
    CosineSchedule schedule = new CosineSchedule(2, 110, 10, 0.1);
    assertEquals(0.2, schedule.at(1), 1e-12);
    assertEquals(1.8, schedule.at(9), 1e-12);
    assertEquals(2, schedule.at(10), 1e-12);
    assertEquals(2 * 0.55, schedule.at(60), 1e-12);
    assertEquals(0.2, schedule.at(110), 1e-12);
  }

  @Test
  void withoutWarmUpItOnlyFalls() {
    CosineSchedule schedule = new CosineSchedule(1, 4, 0, 0);
    assertEquals(0.5 * (1 + Math.cos(Math.PI / 4)), schedule.at(1), 1e-12);
    assertEquals(0, schedule.at(4), 1e-12);
  }

  @Test
  void impossibleSchedulesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(0, 10, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(1, 10, 10, 0));
    assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(1, 10, 1, 1.5));
    assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(Double.NaN, 10, 1, 0));
  }
}
