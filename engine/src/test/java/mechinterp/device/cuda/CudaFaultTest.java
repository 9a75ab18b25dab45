package mechinterp.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.kernel.CoreKernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;

/** Every call of a small program fails once: it says so, ends, and leaves nothing behind. */
class CudaFaultTest {
  private static final int UNKNOWN = 999;
  private static final int CUBLAS_INTERNAL_ERROR = 14;

  /** Opens a GPU, encodes and decodes with a TopK autoencoder, and closes it. */
  private static float[] encodeAndDecode(EmulatedDriver driver) {
    try (CudaDevice gpu = CudaDevice.open(0, driver.cuda(), driver.cublas())) {
      CoreKernels kernels = gpu.kernels();
      FloatMatrix x = gpu.matrix(2, 2, new float[] {1, 2, -3, 4});
      FloatMatrix weights = gpu.matrix(3, 2, new float[] {1, 0, 0, 1, 1, 1});
      PackedMatrix encoder = kernels.allocatePacked(2, 3);
      kernels.pack(encoder, weights, Operand.TRANSPOSED);
      FloatMatrix scale = gpu.floats(2, 2).columnRange(0, 1);
      kernels.normScale(scale, x, 1e-5f, Norm.RMS);
      SparseCodes codes = new SparseCodes(gpu.ints(2, 2), gpu.floats(2, 2), gpu.ints(2, 1), 3);
      kernels.encodeTopK(codes, x, encoder, gpu.floats(1, 3), 2);
      FloatMatrix out = gpu.floats(2, 2);
      kernels.decode(out, codes, weights, gpu.floats(1, 2));
      return gpu.toHost(out);
    }
  }

  private static EmulatedDriver driver() {
    return new EmulatedDriver(SimulatedGpu.ofMebibytes(1));
  }

  @Test
  void whereverItFailsNothingIsLeftAndNobodyWaits() {
    EmulatedDriver whole = driver();
    float[] expected = encodeAndDecode(whole);
    assertEquals(5, expected[1], "the program computes something: 2 (0, 1) + 3 (1, 1)");
    assertEquals(List.of(), whole.leaks());

    Map<String, Integer> occurrences = new HashMap<>();
    int failures = 0;
    for (String function : whole.calls()) {
      int occurrence = occurrences.merge(function, 1, Integer::sum);
      if (occurrence > 3) {
        continue;
      }
      EmulatedDriver failing = driver();
      failing.fail(
          function, occurrence, function.startsWith("cublas") ? CUBLAS_INTERNAL_ERROR : UNKNOWN);
      String which = function + ", call " + occurrence;
      CudaException failure =
          assertTimeoutPreemptively(
              Duration.ofSeconds(30),
              () -> assertThrows(CudaException.class, () -> encodeAndDecode(failing), which),
              which);
      String call = failure.call();
      assertTrue(function.startsWith(call), which + " was reported as " + failure.getMessage());
      assertEquals(List.of(), failing.leaks(), which);
      failures++;
    }
    assertTrue(failures > 40, failures + " failures were tried");
  }
}
