package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mechinterp.bindings.cublas.Cublas;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.cuda.KernelFamily;

/** A program as one would write it in C: it knows the bindings and nothing of the simulator. */
final class CudaProgram {
  final EmulatedDriver driver;
  final CudaDriver cuda;
  final Cublas cublas;
  final Arena arena = Arena.ofAuto();
  private final MemorySegment out = arena.allocate(ADDRESS);

  private CudaProgram(SimulatedGpu gpu) {
    driver = new EmulatedDriver(gpu);
    cuda = new CudaDriver(driver.cuda().symbols());
    cublas = new Cublas(driver.cublas().symbols());
  }

  /** A program that has a context. */
  static CudaProgram start(SimulatedGpu gpu) {
    CudaProgram program = new CudaProgram(gpu);
    program.check(program.cuda.cuInit(0));
    program.check(program.cuda.cuDevicePrimaryCtxRetain(program.out, 0));
    program.check(program.cuda.cuCtxSetCurrent(program.pointer()));
    return program;
  }

  /** A program that has called nothing yet. */
  static CudaProgram unstarted(SimulatedGpu gpu) {
    return new CudaProgram(gpu);
  }

  void check(int status) {
    if (status != 0) {
      throw new AssertionError(errorName(status) + ": " + errorText(status));
    }
  }

  void checkBlas(int status) {
    assertEquals(0, status, () -> cublas.cublasGetStatusString(status).getString(0));
  }

  /** Where functions put a result. */
  MemorySegment out() {
    return out;
  }

  MemorySegment pointer() {
    return out.get(ADDRESS, 0);
  }

  String errorName(int status) {
    assertEquals(0, cuda.cuGetErrorName(status, out));
    return string();
  }

  String errorText(int status) {
    assertEquals(0, cuda.cuGetErrorString(status, out));
    return string();
  }

  @SuppressWarnings("restricted") // only the driver knows its length
  private String string() {
    return pointer().reinterpret(4096).getString(0);
  }

  long allocate(long bytes) {
    check(cuda.cuMemAlloc_v2(out, bytes));
    return out.get(JAVA_LONG, 0);
  }

  long upload(float... values) {
    long address = allocate(4L * values.length);
    check(
        cuda.cuMemcpyHtoD_v2(address, arena.allocateFrom(JAVA_FLOAT, values), 4L * values.length));
    return address;
  }

  float[] download(long address, int count) {
    MemorySegment to = arena.allocate(JAVA_FLOAT, count);
    check(cuda.cuMemcpyDtoH_v2(to, address, 4L * count));
    return to.toArray(JAVA_FLOAT);
  }

  @SuppressWarnings("restricted") // as long as it was asked for
  MemorySegment pinned(int floats) {
    check(cuda.cuMemHostAlloc(out, 4L * floats, 0));
    return pointer().reinterpret(4L * floats);
  }

  MemorySegment stream(int flags) {
    check(cuda.cuStreamCreate(out, flags));
    return pointer();
  }

  MemorySegment event(int flags) {
    check(cuda.cuEventCreate(out, flags));
    return pointer();
  }

  MemorySegment load(KernelFamily family) {
    check(
        cuda.cuModuleLoadDataEx(
            out, arena.allocateFrom(family.ptx()), 0, MemorySegment.NULL, MemorySegment.NULL));
    return pointer();
  }

  MemorySegment kernel(MemorySegment module, String name) {
    check(cuda.cuModuleGetFunction(out, module, arena.allocateFrom(name)));
    return pointer();
  }

  /** fill(out, columns, value, 1, columns) with a thread an element. */
  int launchFill(MemorySegment fill, MemorySegment stream, long to, float value, int columns) {
    try (Arena arguments = Arena.ofConfined()) {
      MemorySegment parameters = arguments.allocate(ADDRESS, 5);
      parameters.setAtIndex(ADDRESS, 0, arguments.allocateFrom(JAVA_LONG, to));
      parameters.setAtIndex(ADDRESS, 1, arguments.allocateFrom(JAVA_LONG, columns));
      parameters.setAtIndex(ADDRESS, 2, arguments.allocateFrom(JAVA_FLOAT, value));
      parameters.setAtIndex(ADDRESS, 3, arguments.allocateFrom(JAVA_INT, 1));
      parameters.setAtIndex(ADDRESS, 4, arguments.allocateFrom(JAVA_INT, columns));
      int blocks = (columns + 31) / 32;
      return cuda.cuLaunchKernel(
          fill, blocks, 1, 1, 32, 1, 1, 0, stream, parameters, MemorySegment.NULL);
    }
  }
}
