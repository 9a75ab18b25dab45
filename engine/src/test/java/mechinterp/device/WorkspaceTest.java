package mechinterp.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
  private record Buffers(FloatMatrix x, PackedMatrix packed, SparseCodes codes, LatentOrder order) {
    Buffers(Workspace w) {
      this(
          w.floats("x", 3, 5),
          w.packed("packed", 5, 7),
          w.codes("codes", 3, 2, 7),
          w.order("order", 3, 2, 7));
    }
  }

  @Test
  void thePlanCountsTheBytesOfEveryBuffer() {
    MemoryPlan plan = Workspace.plan("test", CpuDevice.scalar(), Buffers::new);
    assertEquals(4L * 3 * 5, plan.bytes().get("x"));
    assertEquals(4L * 5 * 7, plan.bytes().get("packed"));
    assertEquals(4L * 3, plan.bytes().get("codes counts"));
    assertEquals(4L * (15 + 35 + 6 + 6 + 3 + 8 + 6), plan.total());
  }

  @Test
  void whatIsAllocatedIsWhatWasPlanned() {
    OpaqueDevice device = new OpaqueDevice();
    long planned = Workspace.plan("test", device, Buffers::new).total();
    assertEquals(0, device.allocatedBytes());
    Buffers buffers = Workspace.allocate("test", device, Buffers::new);
    assertEquals(planned, device.allocatedBytes());
    assertEquals("[3, 5]", buffers.x().shape());
    assertEquals(7, buffers.packed().capacity());
    assertEquals(7, buffers.order().latents());
    assertEquals(2, buffers.codes().capacity());
  }

  @Test
  void aPlanThatDoesNotFitIsRefusedBeforeAnythingIsAllocated() {
    Device device = CpuDevice.scalar();
    List<FloatMatrix> made = new ArrayList<>();
    InsufficientMemoryException e =
        assertThrows(
            InsufficientMemoryException.class,
            () ->
                Workspace.allocate(
                    "too much",
                    device,
                    w -> {
                      for (int i = 0; i < 4000; i++) {
                        FloatMatrix matrix = w.floats("part " + i, 1 << 15, 1 << 14);
                        if (!matrix.storage().location().contains("plan")) {
                          made.add(matrix);
                        }
                      }
                      return made;
                    }));
    assertTrue(made.isEmpty());
    assertTrue(
        String.valueOf(e.getMessage()).startsWith("too much: needs 8192000.0 MiB ("),
        e.getMessage());
  }

  @Test
  void aMatrixBeyondTheLargestStorageIsRefusedByName() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Workspace.plan(
                    "training", CpuDevice.scalar(), w -> w.floats("W_dec", 1 << 20, 1 << 11)));
    assertEquals(
        "training: W_dec is [1048576, 2048]; a matrix must have fewer than 2^31 numbers",
        e.getMessage());
  }

  @Test
  void twoBuffersOfOneNameAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Workspace.plan(
                "test",
                CpuDevice.scalar(),
                w -> List.of(w.floats("x", 1, 1), w.floats("x", 1, 1))));
  }
}
