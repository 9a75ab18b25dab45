package mechinterp.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import mechinterp.bindings.NativeLibrary;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.Test;

/** A GPU as its users meet it. */
class CudaDeviceTest {
  private final EmulatedDriver driver = new EmulatedDriver(SimulatedGpu.ofMebibytes(4));

  private CudaDevice open() {
    return CudaDevice.open(0, driver.cuda(), driver.cublas());
  }

  @Test
  void numbersGoThereAndBack() {
    try (CudaDevice gpu = open()) {
      assertEquals("cuda:0 (mechinterp simulator, compute capability 8.0)", gpu.name());
      float[] values = new float[300_000];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      FloatMatrix matrix = gpu.matrix(3, 100_000, values);
      assertArrayEquals(values, gpu.toHost(matrix), "more than fits into the staging buffer");
      FloatMatrix part = matrix.columnRange(7, 9);
      gpu.upload(part, new float[] {0, -1, -2, -3, -4, -5, -6}, 1);
      assertArrayEquals(new float[] {-1, -2, -3, -4, -5, -6}, gpu.toHost(part));
      assertEquals(100_009, gpu.toHost(matrix)[100_009]);

      IntMatrix ints = gpu.matrix(1, 3, new int[] {-1, 2, Integer.MIN_VALUE});
      assertArrayEquals(new int[] {-1, 2, Integer.MIN_VALUE}, gpu.toHost(ints));
      assertArrayEquals(new float[6], gpu.toHost(gpu.floats(2, 3)));
      assertArrayEquals(new float[0], gpu.toHost(gpu.floats(0, 3)));
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void outOfMemorySaysWhatWasAskedForAndWhatIsFree() {
    try (CudaDevice gpu = open()) {
      long free = gpu.availableBytes();
      CudaException full = assertThrows(CudaException.class, () -> gpu.floats(1024, 1025));
      assertEquals(
          String.format(
              Locale.ROOT,
              "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (2); asked for 4,198,400 bytes, %,d free",
              free),
          full.getMessage());
      assertEquals(CudaDriver.CUDA_ERROR_OUT_OF_MEMORY(), full.code());
      FloatMatrix smaller = gpu.matrix(1, 2, new float[] {1, 2});
      assertArrayEquals(new float[] {1, 2}, gpu.toHost(smaller), "one that fits still works");
    }
  }

  @Test
  void aFaultOfAKernelIsReportedAndNothingIsLeft() {
    CudaDevice gpu = open();
    FloatMatrix table = gpu.floats(2, 2);
    FloatMatrix out = gpu.floats(1, 2);
    gpu.kernels().gatherRows(out, table, gpu.matrix(1, 1, new int[] {1 << 20}));
    CudaException fault = assertThrows(CudaException.class, gpu::synchronize);
    assertTrue(
        String.valueOf(fault.getMessage())
            .startsWith(
                "cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700); an illegal memory access was"
                    + " encountered: gather_rows: out of bounds in block (0, 0, 0), thread (0, 0, 0)"),
        fault::getMessage);
    assertThrows(CudaException.class, () -> gpu.toHost(out));
    assertThrows(CudaException.class, gpu::close);
    assertEquals(List.of(), driver.leaks());

    try (CudaDevice next = open()) {
      assertArrayEquals(new float[2], next.toHost(next.floats(1, 2)));
    }
  }

  @Test
  void anyThreadMayUseIt() throws Exception {
    try (CudaDevice gpu = open();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<float[]>> sums =
          IntStream.range(0, 8)
              .mapToObj(i ->
                  threads.submit(() -> {
                    FloatMatrix x = gpu.matrix(1, 2, new float[] {i, 2 * i});
                    gpu.kernels().add(x, x, x);
                    return gpu.toHost(x);
                  }))
              .toList();
      for (int i = 0; i < sums.size(); i++) {
        assertArrayEquals(new float[] {2 * i, 4 * i}, sums.get(i).get());
      }
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void whatIsElsewhereOrClosedIsRefused() {
    CudaDevice gpu = open();
    FloatMatrix here = gpu.floats(1, 1);
    FloatMatrix there = CpuDevice.scalar().floats(1, 1);
    assertEquals(
        "FloatMatrix[1, 1] is in host memory; the GPU's kernels need GPU memory",
        assertThrows(IllegalArgumentException.class, () -> gpu.kernels().copy(here, there))
            .getMessage());
    gpu.close();
    gpu.close();
    assertThrows(IllegalStateException.class, () -> gpu.kernels().fill(here, 1));
    assertThrows(IllegalStateException.class, () -> gpu.floats(1, 1));
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void withoutADriverTheReasonIsSaid() {
    NativeLibrary.Missing missing = new NativeLibrary.Missing("libcuda.so.1: not here");
    assertEquals(
        "cuda:0: libcuda.so.1: not here",
        assertThrows(
                IllegalStateException.class, () -> CudaDevice.open(0, missing, driver.cublas()))
            .getMessage());
    assertEquals(
        "cuDeviceGet: CUDA_ERROR_INVALID_DEVICE (101); invalid device ordinal: device 1; there is only 0",
        assertThrows(CudaException.class, () -> CudaDevice.open(1, driver.cuda(), driver.cublas()))
            .getMessage());
  }

  @Test
  void theProbeDescribesTheDriver() {
    CudaState.Present present = (CudaState.Present) CudaProbe.ask(driver.cuda());
    assertEquals("11.8", present.version());
    assertEquals(
        List.of(new CudaState.Gpu("mechinterp simulator", 4 << 20, "8.0")), present.gpus());
    driver.fail("cuDeviceGetCount", 2, CudaDriver.CUDA_ERROR_NO_DEVICE());
    assertEquals(
        new CudaState.Absent(
            "simulator: cuDeviceGetCount: CUDA_ERROR_NO_DEVICE (100); no CUDA-capable device is detected"),
        CudaProbe.ask(driver.cuda()));
  }

  @Test
  void eventsTellTimeAndOrderStreams() {
    try (CudaContext context = CudaContext.open(new Driver(driver.cuda().symbols()), 0)) {
      CudaStream first = CudaStream.create(context);
      CudaStream second = CudaStream.create(context);
      CudaEvent start = CudaEvent.create(context);
      CudaEvent end = CudaEvent.create(context);
      first.record(start);
      second.waitFor(start);
      second.record(end);
      end.synchronize();
      assertTrue(end.millisecondsSince(start) >= 0);
      end.close();
      assertEquals(
          "event: used after it was closed",
          assertThrows(IllegalStateException.class, () -> first.record(end)).getMessage());
    }
    assertEquals(List.of(), driver.leaks());
  }
}
