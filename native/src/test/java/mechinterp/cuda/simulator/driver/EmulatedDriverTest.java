package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.FutureTask;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.cuda.KernelFamily;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The driver as a program in C meets it. */
class EmulatedDriverTest {
  private static final MemorySegment DEFAULT_STREAM = MemorySegment.NULL;
  private static final SimulatedGpu GPU = SimulatedGpu.ofMebibytes(1);

  private final CudaProgram program = CudaProgram.start(GPU);
  private final CudaDriver cuda = program.cuda;

  @ParameterizedTest
  @EnumSource(LaunchOrder.class)
  void aKernelRunsThroughTheBindings(LaunchOrder order) {
    for (Execution execution : Execution.values()) {
      CudaProgram own = CudaProgram.start(GPU.withOrder(order).withExecution(execution));
      long numbers = own.allocate(4 * 77);
      MemorySegment fill = own.kernel(own.load(KernelFamily.ELEMENTWISE), "fill");
      own.check(own.launchFill(fill, DEFAULT_STREAM, numbers, 2.5f, 77));

      assertEquals(2.5f, own.download(numbers, 77)[76]);
    }
  }

  @Test
  void theDeviceDescribesItself() {
    MemorySegment name = program.arena.allocate(8);
    program.check(cuda.cuDeviceGetName(name, 8, 0));
    assertEquals("mechint", name.getString(0));
    program.check(cuda.cuDeviceTotalMem_v2(program.out(), 0));
    assertEquals(1 << 20, program.out().get(JAVA_LONG, 0));
    program.check(
        cuda.cuDeviceGetAttribute(program.out(), CudaDriver.CU_DEVICE_ATTRIBUTE_WARP_SIZE(), 0));
    assertEquals(32, program.out().get(JAVA_INT, 0));
    assertEquals(CudaDriver.CUDA_ERROR_INVALID_DEVICE(), cuda.cuDeviceGet(program.out(), 1));
  }

  @Test
  void nothingWorksBeforeTheStartOrInAThreadWithoutContext() throws Exception {
    CudaProgram unstarted = CudaProgram.unstarted(GPU);
    assertEquals(
        CudaDriver.CUDA_ERROR_NOT_INITIALIZED(), unstarted.cuda.cuDeviceGetCount(unstarted.out()));

    FutureTask<Integer> other =
        new FutureTask<>(() -> cuda.cuMemAlloc_v2(program.arena.allocate(JAVA_LONG), 16));
    new Thread(other).start();
    assertEquals(CudaDriver.CUDA_ERROR_INVALID_CONTEXT(), other.get());
  }

  @Test
  void memoryHasAnEnd() {
    long half = program.allocate(1 << 19);
    assertEquals(
        CudaDriver.CUDA_ERROR_OUT_OF_MEMORY(), cuda.cuMemAlloc_v2(program.out(), (1 << 19) + 1));
    assertEquals(
        "out of memory: asked for 524,289 bytes, 524,288 are free",
        program.errorText(CudaDriver.CUDA_ERROR_OUT_OF_MEMORY()));
    program.check(cuda.cuMemFree_v2(half));
    assertEquals(CudaDriver.CUDA_ERROR_INVALID_VALUE(), cuda.cuMemFree_v2(half));
    assertTrue(
        program.errorText(CudaDriver.CUDA_ERROR_INVALID_VALUE()).contains("has been freed before"));

    program.allocate(1 << 20);
  }

  @Test
  void aKernelThatUsesFreedMemoryBreaksTheContext() {
    MemorySegment fill = program.kernel(program.load(KernelFamily.ELEMENTWISE), "fill");
    long numbers = program.allocate(4 * 40);
    long others = program.allocate(4);
    program.check(cuda.cuMemFree_v2(numbers));
    program.check(program.launchFill(fill, DEFAULT_STREAM, numbers, 1, 40));

    int illegal = CudaDriver.CUDA_ERROR_ILLEGAL_ADDRESS();
    assertEquals(illegal, cuda.cuCtxSynchronize());
    String text = program.errorText(illegal);
    assertTrue(
        text.startsWith(
            "an illegal memory access was encountered: fill: use after free in block (0, 0, 0)"),
        text);
    assertTrue(text.contains("elementwise.ptx line"), text);
    assertEquals(illegal, cuda.cuMemAlloc_v2(program.out(), 4));
    assertEquals(illegal, cuda.cuMemFree_v2(others));
    program.check(cuda.cuDevicePrimaryCtxRelease_v2(0));
    assertEquals(List.of("left in the context: 1 modules"), program.driver.leaks());
  }

  @Test
  void copiesFromPinnedMemoryAreLate() {
    MemorySegment stream = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    long numbers = program.allocate(8);
    MemorySegment from = program.pinned(2);
    MemorySegment to = program.pinned(2);
    from.setAtIndex(JAVA_FLOAT, 0, 1);
    program.check(cuda.cuMemcpyHtoDAsync_v2(numbers, from, 8, stream));
    program.check(cuda.cuMemcpyDtoHAsync_v2(to, numbers, 8, stream));
    from.setAtIndex(JAVA_FLOAT, 0, 2);

    assertEquals(0, to.getAtIndex(JAVA_FLOAT, 0), "read before anybody waited");
    program.check(cuda.cuStreamSynchronize(stream));
    assertEquals(2, to.getAtIndex(JAVA_FLOAT, 0), "the source was changed too early");
    assertEquals(
        CudaDriver.CUDA_ERROR_INVALID_VALUE(),
        cuda.cuMemcpyHtoDAsync_v2(numbers, from.asSlice(4), 8, stream));

    program.check(cuda.cuMemFreeHost(to));
    assertTrue(Float.isNaN(to.getAtIndex(JAVA_FLOAT, 0)));
    assertEquals(CudaDriver.CUDA_ERROR_INVALID_VALUE(), cuda.cuMemFreeHost(to));
  }

  @Test
  void copiesFromOtherMemoryAreStaged() {
    MemorySegment stream = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    long numbers = program.allocate(4);
    MemorySegment from = program.arena.allocateFrom(JAVA_FLOAT, 1);
    program.check(cuda.cuMemcpyHtoDAsync_v2(numbers, from, 4, stream));
    from.set(JAVA_FLOAT, 0, 2);
    MemorySegment to = program.arena.allocate(JAVA_FLOAT);
    program.check(cuda.cuMemcpyDtoHAsync_v2(to, numbers, 4, stream));

    assertEquals(1, to.get(JAVA_FLOAT, 0));
  }

  @Test
  void aSynchronousCopyDoesNotWaitForStreamsThatDoNotBlock() {
    MemorySegment fill = program.kernel(program.load(KernelFamily.ELEMENTWISE), "fill");
    long numbers = program.upload(0, 0);
    program.check(
        program.launchFill(
            fill, program.stream(CudaDriver.CU_STREAM_NON_BLOCKING()), numbers, 3, 2));
    assertArrayEquals(new float[] {0, 0}, program.download(numbers, 2));

    MemorySegment blocking = program.stream(CudaDriver.CU_STREAM_DEFAULT());
    program.check(program.launchFill(fill, blocking, numbers, 4, 2));
    assertArrayEquals(new float[] {4, 4}, program.download(numbers, 2));
  }

  @Test
  void aStreamWaitsForTheEventOfAnother() {
    MemorySegment fill = program.kernel(program.load(KernelFamily.ELEMENTWISE), "fill");
    long numbers = program.upload(0);
    MemorySegment first = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    MemorySegment second = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    MemorySegment start = program.event(CudaDriver.CU_EVENT_DEFAULT());
    MemorySegment event = program.event(CudaDriver.CU_EVENT_DEFAULT());
    program.check(cuda.cuEventRecord(start, first));
    program.check(program.launchFill(fill, first, numbers, 1, 1));
    program.check(cuda.cuEventRecord(event, first));
    program.check(program.launchFill(fill, first, numbers, 5, 1));
    program.check(cuda.cuStreamWaitEvent(second, event, 0));
    MemorySegment to = program.pinned(1);
    program.check(cuda.cuMemcpyDtoHAsync_v2(to, numbers, 4, second));
    MemorySegment milliseconds = program.arena.allocate(JAVA_FLOAT);
    assertEquals(
        CudaDriver.CUDA_ERROR_NOT_READY(), cuda.cuEventElapsedTime(milliseconds, start, event));

    program.check(cuda.cuStreamSynchronize(second));
    assertEquals(1, to.get(JAVA_FLOAT, 0));
    program.check(cuda.cuEventElapsedTime(milliseconds, start, event));
    assertTrue(milliseconds.get(JAVA_FLOAT, 0) > 0);
  }

  @Test
  void whoAsksAgainAndAgainComesToAnEnd() {
    MemorySegment fill = program.kernel(program.load(KernelFamily.ELEMENTWISE), "fill");
    MemorySegment stream = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    long numbers = program.allocate(4);
    for (int i = 0; i < 3; i++) {
      program.check(program.launchFill(fill, stream, numbers, i, 1));
    }
    assertEquals(CudaDriver.CUDA_ERROR_NOT_READY(), cuda.cuStreamQuery(stream));
    assertEquals(CudaDriver.CUDA_ERROR_NOT_READY(), cuda.cuStreamQuery(stream));
    program.check(cuda.cuStreamQuery(stream));
  }

  @Test
  void allocationsInAStreamAreFreedInItsOrder() {
    MemorySegment stream = program.stream(CudaDriver.CU_STREAM_NON_BLOCKING());
    program.check(cuda.cuMemAllocAsync(program.out(), 8, stream));
    long numbers = program.out().get(JAVA_LONG, 0);
    program.check(cuda.cuMemsetD32Async(numbers, Float.floatToIntBits(3), 2, stream));
    MemorySegment to = program.pinned(2);
    program.check(cuda.cuMemcpyDtoHAsync_v2(to, numbers, 8, stream));
    program.check(cuda.cuMemFreeAsync(numbers, stream));
    program.check(cuda.cuStreamSynchronize(stream));

    assertEquals(3, to.getAtIndex(JAVA_FLOAT, 1));
    assertEquals(CudaDriver.CUDA_ERROR_INVALID_VALUE(), cuda.cuMemFree_v2(numbers));
  }

  @Test
  void aCopyOnTheDeviceOfWhatWasNotWrittenIsNotWrittenEither() {
    MemorySegment add = program.kernel(program.load(KernelFamily.ELEMENTWISE), "scale");
    long numbers = program.allocate(4);
    long copy = program.upload(1);
    program.check(cuda.cuMemcpyDtoDAsync_v2(copy, numbers, 4, DEFAULT_STREAM));
    MemorySegment parameters = program.arena.allocate(ADDRESS, 7);
    MemorySegment address = program.arena.allocateFrom(JAVA_LONG, copy);
    MemorySegment one = program.arena.allocateFrom(JAVA_LONG, 1);
    MemorySegment factor = program.arena.allocateFrom(JAVA_FLOAT, 1);
    List<MemorySegment> arguments = List.of(address, one, address, one, factor, one, one);
    for (int i = 0; i < arguments.size(); i++) {
      parameters.setAtIndex(ADDRESS, i, arguments.get(i));
    }
    program.check(
        cuda.cuLaunchKernel(
            add, 1, 1, 1, 32, 1, 1, 0, DEFAULT_STREAM, parameters, MemorySegment.NULL));

    assertEquals(CudaDriver.CUDA_ERROR_LAUNCH_FAILED(), cuda.cuCtxSynchronize());
    assertTrue(
        program
            .errorText(CudaDriver.CUDA_ERROR_LAUNCH_FAILED())
            .contains("scale: read of uninitialised memory"));
  }

  @Test
  void whatIsNoModuleOrNoKernelIsRefused() {
    MemorySegment log = program.arena.allocate(256);
    MemorySegment options =
        program.arena.allocateFrom(
            JAVA_INT,
            CudaDriver.CU_JIT_ERROR_LOG_BUFFER(),
            CudaDriver.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES());
    MemorySegment values = program.arena.allocate(ADDRESS, 2);
    values.setAtIndex(ADDRESS, 0, log);
    values.setAtIndex(ADDRESS, 1, MemorySegment.ofAddress(256));
    assertEquals(
        CudaDriver.CUDA_ERROR_INVALID_PTX(),
        cuda.cuModuleLoadDataEx(
            program.out(), program.arena.allocateFrom("no PTX"), 2, options, values));
    assertTrue(log.getString(0).startsWith("module 1 line 1"), log.getString(0));

    MemorySegment module = program.load(KernelFamily.CASTS);
    MemorySegment name = program.arena.allocateFrom("fill");
    assertEquals(
        CudaDriver.CUDA_ERROR_NOT_FOUND(), cuda.cuModuleGetFunction(program.out(), module, name));
    program.check(cuda.cuModuleUnload(module));
    assertEquals(
        CudaDriver.CUDA_ERROR_INVALID_HANDLE(),
        cuda.cuModuleGetFunction(program.out(), module, name));
  }

  @Test
  void aCallFailsWhenATestWantsIt() {
    program.driver.fail("cuMemAlloc_v2", 2, CudaDriver.CUDA_ERROR_OUT_OF_MEMORY());
    program.driver.fail("cuMemFree_v2", 1, CudaDriver.CUDA_ERROR_UNKNOWN());
    long numbers = program.allocate(4);
    assertEquals(CudaDriver.CUDA_ERROR_OUT_OF_MEMORY(), cuda.cuMemAlloc_v2(program.out(), 4));
    program.allocate(4);

    assertEquals(CudaDriver.CUDA_ERROR_UNKNOWN(), cuda.cuMemFree_v2(numbers));
    program.check(cuda.cuDevicePrimaryCtxRelease_v2(0));
    assertEquals(List.of("left in the context: 4 bytes in 1 allocations"), program.driver.leaks());
    assertEquals(
        List.of("cuInit", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuMemAlloc_v2"),
        program.driver.calls().subList(0, 4));
  }

  @Test
  void whatIsLeftIsCounted() {
    program.stream(0);
    program.event(0);
    program.pinned(1);
    program.checkBlas(program.cublas.cublasCreate_v2(program.out()));
    assertEquals(List.of("the context is still retained, 1 times"), program.driver.leaks());
    program.check(cuda.cuDevicePrimaryCtxRelease_v2(0));
    assertEquals(
        List.of(
            "left in the context: 1 cuBLAS handles",
            "left in the context: 1 events",
            "left in the context: 1 pinned allocations of the host",
            "left in the context: 1 streams"),
        program.driver.leaks());
  }

  @Test
  void functionsThatTheSimulatorLacksAreMissingByName() {
    NoSuchElementException missing =
        assertThrows(NoSuchElementException.class, () -> cuda.cuGraphDestroy(MemorySegment.NULL));
    assertEquals(
        "the simulator's CUDA driver has no function cuGraphDestroy", missing.getMessage());
  }
}
