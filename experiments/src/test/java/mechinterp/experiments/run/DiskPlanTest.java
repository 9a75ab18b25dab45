package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskPlanTest {
  private static final long MEBIBYTE = 1 << 20;

  @Test
  void oneCheckpointMoreThanIsKeptMustFit() throws IOException {
    DiskPlan plan = new DiskPlan(Path.of("out"), 10 * MEBIBYTE, 30 * MEBIBYTE, 2);
    plan.requireFits(100 * MEBIBYTE);
    IOException refused =
        assertThrows(IOException.class, () -> plan.requireFits(100 * MEBIBYTE - 1));
    assertEquals(
        "out: writes 10.0 MiB, and checkpoints of 30.0 MiB, of which 2 stay meanwhile, 100.0 MiB at once; the disk has 100.0 MiB left",
        refused.getMessage());
  }

  @Test
  void withoutCheckpointsOnlyTheWeightsMustFit() throws IOException {
    DiskPlan plan = new DiskPlan(Path.of("out"), MEBIBYTE, 0, 2);
    plan.requireFits(MEBIBYTE);
    assertEquals("writes 1.0 MiB", plan.describe());
  }

  @Test
  void theDiskIsThatOfTheNearestFolderThatIsThere(@TempDir Path folder) throws IOException {
    Path out = folder.resolve("a/b/c");
    new DiskPlan(out, 1, 1, 2).requireFits();
    assertThrows(
        IOException.class, () -> new DiskPlan(out, Long.MAX_VALUE / 8, 0, 2).requireFits());
  }
}
