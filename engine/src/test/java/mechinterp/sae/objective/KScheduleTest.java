package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;

class KScheduleTest {
  private static int[] ks(KSchedule schedule) {
    return IntStream.rangeClosed(1, 7).map(schedule::at).toArray();
  }

  @Test
  void fallsInAStraightLineAndStays() {
    assertArrayEquals(new int[] {10, 8, 6, 4, 2, 2, 2}, ks(new KSchedule(10, 2, 4)));
    assertArrayEquals(new int[] {5, 3, 3, 3, 3, 3, 3}, ks(new KSchedule(5, 3, 1)));
    assertArrayEquals(new int[] {4, 4, 4, 4, 4, 4, 4}, ks(KSchedule.constant(4)));
  }

  @Test
  void beginningBelowKIsRefused() {
    assertEquals(
        "first_k: is 2, k is 3; it must be at least k",
        Refusal.of(IllegalArgumentException.class, () -> new KSchedule(2, 3, 5)));
  }
}
