package mechinterp.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  private final MemoryPlan plan =
      MemoryPlan.empty("training step").withMatrix("W_enc", 1000, 256).with("packed", 100);

  @Test
  void theTotalIsTheSumOfTheBuffers() {
    assertEquals(4L * 1000 * 256 + 100, plan.total());
  }

  @Test
  void aNameCanBeTakenOnce() {
    assertThrows(IllegalArgumentException.class, () -> plan.with("packed", 1));
  }

  @Test
  void aPlanThatIsTooLargeIsRefusedBeforeAnythingIsAllocated() {
    try (Device device = CpuDevice.scalar()) {
      plan.requireFits(device);
      MemoryPlan huge = plan.withMatrix("W_dec", 1L << 24, 1L << 20);
      InsufficientMemoryException refusal =
          assertThrows(InsufficientMemoryException.class, () -> huge.requireFits(device));
      assertTrue(
          refusal
              .toString()
              .matches(
                  ".*InsufficientMemoryException: training step: needs 67108865\\.\\d MiB \\(W_dec 67108864\\.0 MiB, W_enc .*\\), cpu \\(scalar\\) has .* MiB left; .*"),
          refusal.toString());
    }
  }
}
