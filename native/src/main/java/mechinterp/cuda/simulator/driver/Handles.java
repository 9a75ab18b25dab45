package mechinterp.cuda.simulator.driver;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What C knows by a pointer that only the driver may follow. No pointer is given twice. */
final class Handles {
  private static final long FIRST = 0x5000_0000_0000L;
  private static final long DISTANCE = 64;

  private final Map<Long, Object> objects = new HashMap<>();
  private long next = FIRST;

  MemorySegment add(Object object) {
    next += DISTANCE;
    objects.put(next, object);
    return MemorySegment.ofAddress(next);
  }

  /** Returns the object of a kind, or fails with {@code CUDA_ERROR_INVALID_HANDLE}. */
  <T> T get(MemorySegment handle, Class<T> kind) {
    Object object = objects.get(handle.address());
    if (!kind.isInstance(object)) {
      throw CudaStatus.CUDA_ERROR_INVALID_HANDLE.because(
          "0x%x is no %s, or no longer one".formatted(handle.address(), kind.getSimpleName()));
    }
    return kind.cast(object);
  }

  <T> T remove(MemorySegment handle, Class<T> kind) {
    T object = get(handle, kind);
    objects.remove(handle.address());
    return object;
  }

  <T> List<T> all(Class<T> kind) {
    return objects.values().stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  void clear() {
    objects.clear();
  }
}
