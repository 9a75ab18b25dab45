package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.cuda.KernelFamily;

/** A family of kernels that the driver has compiled for the GPU at hand. */
final class KernelModule extends CudaResource {
  private static final int LOG_BYTES = 8192;

  private final KernelFamily family;
  private final MemorySegment handle;
  private final Map<String, MemorySegment> functions = new ConcurrentHashMap<>();

  private KernelModule(CudaContext context, KernelFamily family, MemorySegment handle) {
    super(context);
    this.family = family;
    this.handle = handle;
  }

  /**
   * Loads the PTX of a family.
   *
   * @throws CudaException when the driver cannot compile it; the detail is its log
   */
  static KernelModule load(CudaContext context, KernelFamily family) {
    CudaDriver functions = context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment log = arena.allocate(LOG_BYTES);
      MemorySegment options =
          arena.allocateFrom(
              ValueLayout.JAVA_INT,
              CudaDriver.CU_JIT_ERROR_LOG_BUFFER(),
              CudaDriver.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES());
      MemorySegment values = arena.allocate(ValueLayout.ADDRESS, 2);
      values.setAtIndex(ValueLayout.ADDRESS, 0, log);
      values.setAtIndex(ValueLayout.ADDRESS, 1, MemorySegment.ofAddress(LOG_BYTES));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status =
          functions.cuModuleLoadDataEx(out, arena.allocateFrom(family.ptx()), 2, options, values);
      context
          .driver()
          .check(
              "cuModuleLoadDataEx",
              status,
              () -> family.fileName() + ": " + log.getString(0).strip());
      return context.own(new KernelModule(context, family, out.get(ValueLayout.ADDRESS, 0)));
    }
  }

  /**
   * Asks a stream to run a kernel.
   *
   * @param blocks at least 1
   * @param threads of a block
   */
  void launch(
      CudaStream stream, String kernel, int blocks, int threads, LaunchArguments arguments) {
    CudaDriver driver = enter();
    MemorySegment function = functions.computeIfAbsent(kernel, this::function);
    try (Arena arena = Arena.ofConfined()) {
      int status =
          driver.cuLaunchKernel(
              function,
              blocks,
              1,
              1,
              threads,
              1,
              1,
              0,
              stream.handle(),
              arguments.lay(arena),
              MemorySegment.NULL);
      context()
          .driver()
          .check(
              "cuLaunchKernel",
              status,
              () -> "%s with %d blocks of %d threads".formatted(kernel, blocks, threads));
    }
  }

  private MemorySegment function(String kernel) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status = enter().cuModuleGetFunction(out, handle, arena.allocateFrom(kernel));
      context()
          .driver()
          .check("cuModuleGetFunction", status, () -> kernel + " of " + family.fileName());
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  @Override
  String description() {
    return family.fileName();
  }

  @Override
  void release(CudaDriver driver) {
    context().driver().check("cuModuleUnload", driver.cuModuleUnload(handle));
  }
}
