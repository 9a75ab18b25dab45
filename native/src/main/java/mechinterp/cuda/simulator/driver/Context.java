package mechinterp.cuda.simulator.driver;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import mechinterp.cuda.ptx.PtxException;
import mechinterp.cuda.simulator.GlobalMemory;
import mechinterp.cuda.simulator.Simulator;
import mechinterp.cuda.simulator.SimulatorException;

/** The primary context: what one program has on the device. */
final class Context {
  private static final long GRANULE = 512;

  private final Simulator simulator;
  private final long memoryBytes;
  private final Streams streams;
  private final PinnedMemory pinned = new PinnedMemory();
  private final Map<Long, Long> allocations = new HashMap<>();
  private long usedBytes;
  private Optional<DriverException> broken = Optional.empty();

  Context(Simulator simulator, SimulatedGpu gpu) {
    this.simulator = simulator;
    memoryBytes = gpu.memoryBytes();
    streams = new Streams(gpu.order(), gpu.execution());
  }

  Simulator simulator() {
    return simulator;
  }

  GlobalMemory memory() {
    return simulator.memory();
  }

  Streams streams() {
    return streams;
  }

  PinnedMemory pinned() {
    return pinned;
  }

  /** After an error of a kernel every call has that error. */
  void requireWhole() {
    if (broken.isPresent()) {
      throw broken.get();
    }
  }

  /** Asks for work whose errors break the context. */
  void add(StreamQueue stream, Runnable work) {
    streams.add(stream, () -> attempt(work));
  }

  private void attempt(Runnable work) {
    try {
      work.run();
    } catch (SimulatorException fault) {
      throw breakWith(statusOf(fault), fault);
    } catch (PtxException unsupported) {
      throw breakWith(CudaStatus.CUDA_ERROR_LAUNCH_FAILED, unsupported);
    } catch (IllegalArgumentException outside) {
      throw breakWith(CudaStatus.CUDA_ERROR_ILLEGAL_ADDRESS, outside);
    }
  }

  private DriverException breakWith(CudaStatus status, RuntimeException cause) {
    DriverException error = status.because(cause);
    broken = Optional.of(error);
    streams.clear();
    return error;
  }

  /** Faults that a GPU would not see have the status of those that it cannot name. */
  private static CudaStatus statusOf(SimulatorException fault) {
    return switch (fault.fault()) {
      case OUT_OF_BOUNDS, USE_AFTER_FREE, READ_ONLY -> CudaStatus.CUDA_ERROR_ILLEGAL_ADDRESS;
      case MISALIGNED -> CudaStatus.CUDA_ERROR_MISALIGNED_ADDRESS;
      case TIMEOUT -> CudaStatus.CUDA_ERROR_LAUNCH_TIMEOUT;
      case UNINITIALISED, RACE, DIVERGENT_BARRIER, DIVERGENT_WARP, DIVISION_BY_ZERO ->
          CudaStatus.CUDA_ERROR_LAUNCH_FAILED;
    };
  }

  long freeBytes() {
    return memoryBytes - usedBytes;
  }

  long allocate(long bytes) {
    if (bytes < 1) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because("%d bytes".formatted(bytes));
    }
    if (bytes > Integer.MAX_VALUE || granules(bytes) > freeBytes()) {
      throw CudaStatus.CUDA_ERROR_OUT_OF_MEMORY.because(
          String.format(Locale.ROOT, "asked for %,d bytes, %,d are free", bytes, freeBytes()));
    }
    long address = memory().allocate((int) bytes);
    allocations.put(address, bytes);
    usedBytes += granules(bytes);
    return address;
  }

  void free(long address) {
    Long bytes = allocations.remove(address);
    if (bytes == null) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "free: 0x%x is no allocation, or has been freed before".formatted(address));
    }
    memory().free(address);
    usedBytes -= granules(bytes);
  }

  private static long granules(long bytes) {
    return (bytes + GRANULE - 1) / GRANULE * GRANULE;
  }

  /** A range that a copy may touch, of a size that an array can have. */
  int requireRange(long address, long bytes) {
    if (bytes < 0 || bytes > Integer.MAX_VALUE) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because("%d bytes".formatted(bytes));
    }
    try {
      memory().requireRange(address, (int) bytes);
    } catch (IllegalArgumentException outside) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(outside);
    }
    return (int) bytes;
  }

  /** Frees what is left, and returns how much of what that was. */
  Map<String, Long> end(Handles handles) {
    streams.clear();
    Map<String, Long> left = new TreeMap<>();
    left.put("bytes in " + allocations.size() + " allocations", sum(allocations));
    left.put("pinned allocations of the host", (long) pinned.count());
    left.put("streams", (long) handles.all(StreamQueue.class).size());
    left.put("events", (long) handles.all(Event.class).size());
    left.put("modules", (long) handles.all(LoadedKernels.class).size());
    left.put("cuBLAS handles", (long) handles.all(BlasHandle.class).size());
    allocations.keySet().forEach(memory()::free);
    left.values().removeIf(count -> count == 0);
    return left;
  }

  private static long sum(Map<Long, Long> sizes) {
    return sizes.values().stream().mapToLong(Long::longValue).sum();
  }
}
