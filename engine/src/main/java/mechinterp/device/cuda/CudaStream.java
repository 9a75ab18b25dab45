package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mechinterp.bindings.cuda.CudaDriver;

/** Work of the GPU in the order in which it is asked for. It waits for no other stream. */
final class CudaStream extends CudaResource {
  private final MemorySegment handle;

  private CudaStream(CudaContext context, MemorySegment handle) {
    super(context);
    this.handle = handle;
  }

  static CudaStream create(CudaContext context) {
    CudaDriver functions = context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status = functions.cuStreamCreate(out, CudaDriver.CU_STREAM_NON_BLOCKING());
      context.driver().check("cuStreamCreate", status);
      return context.own(new CudaStream(context, out.get(ValueLayout.ADDRESS, 0)));
    }
  }

  MemorySegment handle() {
    return handle;
  }

  /**
   * Waits until all work is done.
   *
   * @throws CudaException when some of it failed
   */
  void synchronize() {
    context().driver().check("cuStreamSynchronize", enter().cuStreamSynchronize(handle));
  }

  /** Lets the event happen when the work so far is done. */
  void record(CudaEvent event) {
    context().driver().check("cuEventRecord", enter().cuEventRecord(event.handle(), handle));
  }

  /** Lets the work that follows wait for the event. */
  void waitFor(CudaEvent event) {
    context()
        .driver()
        .check("cuStreamWaitEvent", enter().cuStreamWaitEvent(handle, event.handle(), 0));
  }

  @Override
  String description() {
    return "stream";
  }

  @Override
  void release(CudaDriver functions) {
    context().driver().check("cuStreamDestroy", functions.cuStreamDestroy_v2(handle));
  }
}
