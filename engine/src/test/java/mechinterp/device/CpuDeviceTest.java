package mechinterp.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernels")
class CpuDeviceTest {
  @Test
  void numbersComeBackAsTheyWentInThroughViewsToo() {
    try (Device device = CpuDevice.best(2)) {
      FloatMatrix matrix = device.matrix(3, 4, new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
      FloatMatrix view = matrix.rowRange(1, 3).columnRange(1, 3);
      assertArrayEquals(new float[] {5, 6, 9, 10}, device.toHost(view));
      device.upload(view, new float[] {-1, 50, 60, 90, 100}, 1);
      assertArrayEquals(
          new float[] {0, 1, 2, 3, 4, 50, 60, 7, 8, 90, 100, 11}, device.toHost(matrix));
    }
  }

  @Test
  void arraysOfAnotherLengthAreRefused() {
    try (Device device = CpuDevice.scalar()) {
      assertThrows(IllegalArgumentException.class, () -> device.matrix(2, 2, new float[3]));
      FloatMatrix matrix = device.floats(2, 2);
      assertThrows(IllegalArgumentException.class, () -> device.upload(matrix, new float[5], 2));
      assertThrows(IllegalArgumentException.class, () -> device.download(new float[3], 0, matrix));
    }
  }

  @Test
  void theNameSaysWhatComputes() {
    try (Device device = CpuDevice.best(2)) {
      boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
      assertTrue(
          device.name().startsWith(vectors ? "cpu (vector-" : "cpu (scalar)"), device.name());
    }
  }

  @Test
  void vectorKernelsWithoutTheModuleAreAnError() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      IllegalStateException refusal =
          assertThrows(IllegalStateException.class, () -> CpuDevice.vector(1));
      assertEquals(
          "device: vector kernels asked for, module jdk.incubator.vector is not loaded; start java with --add-modules jdk.incubator.vector",
          refusal.getMessage());
    }
  }
}
