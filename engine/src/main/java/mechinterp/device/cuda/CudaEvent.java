package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mechinterp.bindings.cuda.CudaDriver;

/** A mark in the work of a stream, with the time at which it was reached. */
final class CudaEvent extends CudaResource {
  private final MemorySegment handle;

  private CudaEvent(CudaContext context, MemorySegment handle) {
    super(context);
    this.handle = handle;
  }

  static CudaEvent create(CudaContext context) {
    CudaDriver functions = context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status = functions.cuEventCreate(out, CudaDriver.CU_EVENT_DEFAULT());
      context.driver().check("cuEventCreate", status);
      return context.own(new CudaEvent(context, out.get(ValueLayout.ADDRESS, 0)));
    }
  }

  MemorySegment handle() {
    requireOpen();
    return handle;
  }

  /** Waits until it has happened. */
  void synchronize() {
    context().driver().check("cuEventSynchronize", enter().cuEventSynchronize(handle));
  }

  /** Returns the milliseconds from another event, which has happened, to this one. */
  float millisecondsSince(CudaEvent start) {
    CudaDriver functions = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT);
      int status = functions.cuEventElapsedTime(out, start.handle(), handle);
      context().driver().check("cuEventElapsedTime", status);
      return out.get(ValueLayout.JAVA_FLOAT, 0);
    }
  }

  @Override
  String description() {
    return "event";
  }

  @Override
  void release(CudaDriver functions) {
    context().driver().check("cuEventDestroy", functions.cuEventDestroy_v2(handle));
  }
}
