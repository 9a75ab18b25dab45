package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * Memory of the device and of the host. A copy from or to pinned memory happens when its turn in
 * the stream comes; from other memory of the host it has been read, and to other memory it has been
 * written, when the call returns.
 */
@SuppressWarnings("MemberName") // the names of the C functions
final class MemoryFunctions {
  private final Gpu gpu;

  MemoryFunctions(Gpu gpu) {
    this.gpu = gpu;
  }

  public void cuMemGetInfo_v2(MemorySegment free, MemorySegment total) {
    free.set(JAVA_LONG, 0, gpu.context().freeBytes());
    total.set(JAVA_LONG, 0, gpu.form().memoryBytes());
  }

  public void cuMemAlloc_v2(MemorySegment pointer, long bytes) {
    pointer.set(JAVA_LONG, 0, gpu.context().allocate(bytes));
  }

  /** Waits for the device, as CUDA does. */
  public void cuMemFree_v2(long pointer) {
    Context context = gpu.anyContext();
    if (pointer != 0) {
      try {
        context.streams().runAll();
      } finally {
        context.free(pointer);
      }
    }
    context.requireWhole();
  }

  public void cuMemAllocAsync(MemorySegment pointer, long bytes, MemorySegment stream) {
    gpu.stream(stream);
    cuMemAlloc_v2(pointer, bytes);
  }

  public void cuMemFreeAsync(long pointer, MemorySegment stream) {
    Context context = gpu.context();
    context.requireRange(pointer, 1);
    context.add(gpu.stream(stream), () -> context.free(pointer));
  }

  public void cuMemHostAlloc(MemorySegment pointer, long bytes, int flags) {
    if (bytes < 1) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because("%d bytes".formatted(bytes));
    }
    pointer.set(ADDRESS, 0, gpu.context().pinned().allocate(bytes));
  }

  public void cuMemFreeHost(MemorySegment pointer) {
    Context context = gpu.anyContext();
    try {
      context.streams().runAll();
    } finally {
      context.pinned().free(pointer);
    }
    context.requireWhole();
  }

  public void cuMemHostRegister_v2(MemorySegment pointer, long bytes, int flags) {
    gpu.context().pinned().register(pointer.asSlice(0, bytes));
  }

  public void cuMemHostUnregister(MemorySegment pointer) {
    Context context = gpu.anyContext();
    try {
      context.streams().runAll();
    } finally {
      context.pinned().remove(pointer);
    }
    context.requireWhole();
  }

  public void cuMemcpyHtoD_v2(long destination, MemorySegment source, long bytes) {
    Context context = gpu.context();
    int count = context.requireRange(destination, bytes);
    context.streams().runDefault();
    context.memory().write(destination, bytesOf(host(context, source, count)));
  }

  public void cuMemcpyDtoH_v2(MemorySegment destination, long source, long bytes) {
    Context context = gpu.context();
    int count = context.requireRange(source, bytes);
    context.streams().runDefault();
    host(context, destination, count)
        .copyFrom(MemorySegment.ofArray(context.memory().read(source, count)));
  }

  public void cuMemcpyHtoDAsync_v2(
      long destination, MemorySegment source, long bytes, MemorySegment stream) {
    Context context = gpu.context();
    int count = context.requireRange(destination, bytes);
    Optional<MemorySegment> pinned = context.pinned().find(source, count);
    if (pinned.isPresent()) {
      context.add(
          gpu.stream(stream), () -> context.memory().write(destination, bytesOf(pinned.get())));
    } else {
      byte[] staged = bytesOf(source.asSlice(0, count));
      context.add(gpu.stream(stream), () -> context.memory().write(destination, staged));
    }
  }

  public void cuMemcpyDtoHAsync_v2(
      MemorySegment destination, long source, long bytes, MemorySegment stream) {
    Context context = gpu.context();
    int count = context.requireRange(source, bytes);
    MemorySegment to = host(context, destination, count);
    StreamQueue queue = gpu.stream(stream);
    context.add(
        queue, () -> to.copyFrom(MemorySegment.ofArray(context.memory().read(source, count))));
    if (context.pinned().find(destination, count).isEmpty()) {
      queue.runAll();
    }
  }

  public void cuMemcpyDtoDAsync_v2(
      long destination, long source, long bytes, MemorySegment stream) {
    Context context = gpu.context();
    int count = context.requireRange(source, bytes);
    context.requireRange(destination, bytes);
    context.add(gpu.stream(stream), () -> context.memory().copy(destination, source, count));
  }

  public void cuMemsetD8Async(long destination, byte value, long count, MemorySegment stream) {
    byte[] content = new byte[gpu.context().requireRange(destination, count)];
    Arrays.fill(content, value);
    set(destination, content, stream);
  }

  public void cuMemsetD32Async(long destination, int value, long count, MemorySegment stream) {
    int bytes = gpu.context().requireRange(destination, Integer.BYTES * count);
    ByteBuffer content = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (content.hasRemaining()) {
      content.putInt(value);
    }
    set(destination, content.array(), stream);
  }

  private void set(long destination, byte[] content, MemorySegment stream) {
    Context context = gpu.context();
    context.add(gpu.stream(stream), () -> context.memory().write(destination, content));
  }

  private static MemorySegment host(Context context, MemorySegment pointer, int bytes) {
    return context.pinned().find(pointer, bytes).orElseGet(() -> pointer.asSlice(0, bytes));
  }

  private static byte[] bytesOf(MemorySegment memory) {
    return memory.toArray(JAVA_BYTE);
  }
}
