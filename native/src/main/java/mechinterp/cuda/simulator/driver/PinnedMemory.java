package mechinterp.cuda.simulator.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Memory of the host that the device may copy from and to while the program goes on. */
final class PinnedMemory {
  private final Arena arena = Arena.ofAuto();
  private final TreeMap<Long, MemorySegment> ranges = new TreeMap<>();

  MemorySegment allocate(long bytes) {
    MemorySegment memory = arena.allocate(bytes, 64);
    ranges.put(memory.address(), memory);
    return memory;
  }

  void register(MemorySegment memory) {
    ranges.put(memory.address(), memory);
  }

  /**
   * It stays mapped and is filled with ones, which read as NaN: who still uses it gets wrong
   * numbers, not a crash.
   */
  void free(MemorySegment pointer) {
    remove(pointer).fill((byte) -1);
  }

  MemorySegment remove(MemorySegment pointer) {
    MemorySegment memory = ranges.remove(pointer.address());
    if (memory == null) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "0x%x is no pinned memory, or no longer".formatted(pointer.address()));
    }
    return memory;
  }

  /**
   * Returns the bytes from an address on, if they are pinned.
   *
   * @throws DriverException when only the first of them are
   */
  Optional<MemorySegment> find(MemorySegment pointer, long bytes) {
    Map.Entry<Long, MemorySegment> below = ranges.floorEntry(pointer.address());
    if (below == null || pointer.address() >= below.getKey() + below.getValue().byteSize()) {
      return Optional.empty();
    }
    long offset = pointer.address() - below.getKey();
    long size = below.getValue().byteSize();
    if (offset + bytes > size) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "%d bytes, %d from the start of %d pinned ones".formatted(bytes, offset, size));
    }
    return Optional.of(below.getValue().asSlice(offset, bytes));
  }

  int count() {
    return ranges.size();
  }
}
