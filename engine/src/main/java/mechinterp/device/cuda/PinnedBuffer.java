package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mechinterp.bindings.cuda.CudaDriver;

/** Memory of the host that the GPU copies from and to by itself. */
final class PinnedBuffer extends CudaResource {
  private final MemorySegment memory;

  private PinnedBuffer(CudaContext context, MemorySegment memory) {
    super(context);
    this.memory = memory;
  }

  static PinnedBuffer allocate(CudaContext context, long bytes) {
    CudaDriver functions = context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      context.driver().check("cuMemHostAlloc", functions.cuMemHostAlloc(out, bytes, 0));
      return context.own(new PinnedBuffer(context, sized(out.get(ValueLayout.ADDRESS, 0), bytes)));
    }
  }

  /** The driver says where it is, and we know how much we asked for. */
  @SuppressWarnings("restricted")
  private static MemorySegment sized(MemorySegment pointer, long bytes) {
    return pointer.reinterpret(bytes);
  }

  /**
   * Returns the memory, for use before this is closed.
   *
   * @throws IllegalStateException when it has been given back
   */
  MemorySegment memory() {
    requireOpen();
    return memory;
  }

  @Override
  String description() {
    return "pinned buffer of " + memory.byteSize() + " bytes";
  }

  @Override
  void release(CudaDriver functions) {
    context().driver().check("cuMemFreeHost", functions.cuMemFreeHost(memory));
  }
}
