package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import mechinterp.bindings.cuda.CudaDriver;

/**
 * The primary context of a GPU, and all that the driver gave within it. Any thread may use it: it
 * is made current in the thread before each call. Closing gives everything back, whatever fails on
 * the way.
 */
final class CudaContext implements AutoCloseable {
  private final Driver driver;
  private final int device;
  private final MemorySegment handle;
  private final Set<CudaResource> resources = new LinkedHashSet<>();
  private boolean closed;

  private CudaContext(Driver driver, int device, MemorySegment handle) {
    this.driver = driver;
    this.device = device;
    this.handle = handle;
  }

  /**
   * Starts the driver and retains the context of a GPU.
   *
   * @throws CudaException when the driver refuses
   */
  static CudaContext open(Driver driver, int ordinal) {
    CudaDriver functions = driver.functions();
    driver.check("cuInit", functions.cuInit(0));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      driver.check("cuDeviceGet", functions.cuDeviceGet(out, ordinal));
      int device = out.get(ValueLayout.JAVA_INT, 0);
      driver.check("cuDevicePrimaryCtxRetain", functions.cuDevicePrimaryCtxRetain(out, device));
      return new CudaContext(driver, device, out.get(ValueLayout.ADDRESS, 0));
    }
  }

  Driver driver() {
    return driver;
  }

  /**
   * Makes the context current in the calling thread.
   *
   * @throws IllegalStateException when the context has been closed
   */
  CudaDriver enter() {
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("CUDA context: used after it was closed");
      }
    }
    CudaDriver functions = driver.functions();
    driver.check("cuCtxSetCurrent", functions.cuCtxSetCurrent(handle));
    return functions;
  }

  /** The same for giving back, which goes on whatever the driver says. */
  CudaDriver enterToRelease() {
    CudaDriver functions = driver.functions();
    functions.cuCtxSetCurrent(handle);
    return functions;
  }

  /** Remembers what has to be given back. */
  synchronized <R extends CudaResource> R own(R resource) {
    resources.add(resource);
    return resource;
  }

  synchronized void forget(CudaResource resource) {
    resources.remove(resource);
  }

  /**
   * Returns new memory, which holds what it holds.
   *
   * @throws CudaException when there is not enough; it says what was asked for and what is free
   */
  DeviceBuffer allocate(long bytes) {
    CudaDriver functions = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      int status = functions.cuMemAlloc_v2(out, bytes);
      driver.check("cuMemAlloc", status, () -> asked(bytes));
      return own(
          new DeviceBuffer(this, out.get(ValueLayout.JAVA_LONG, 0), bytes, Optional.empty()));
    }
  }

  /** Returns new memory for the work of one stream, which gives it back in its order. */
  DeviceBuffer allocate(long bytes, CudaStream stream) {
    CudaDriver functions = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      int status = functions.cuMemAllocAsync(out, bytes, stream.handle());
      driver.check("cuMemAllocAsync", status, () -> asked(bytes));
      return own(
          new DeviceBuffer(this, out.get(ValueLayout.JAVA_LONG, 0), bytes, Optional.of(stream)));
    }
  }

  private String asked(long bytes) {
    try {
      return String.format(Locale.ROOT, "asked for %,d bytes, %,d free", bytes, freeBytes());
    } catch (CudaException unknown) {
      return String.format(Locale.ROOT, "asked for %,d bytes", bytes);
    }
  }

  /** Returns how much memory of the GPU nobody has. */
  long freeBytes() {
    CudaDriver functions = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
      driver.check("cuMemGetInfo", functions.cuMemGetInfo_v2(free, total));
      return free.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /**
   * Gives back all that is left, the newest first, and then the context.
   *
   * @throws CudaException the first failure, when all has been given back
   */
  @Override
  public void close() {
    List<CudaResource> left;
    synchronized (this) {
      if (closed) {
        return;
      }
      left = new ArrayList<>(resources).reversed();
    }
    List<CudaException> failures = new ArrayList<>();
    for (CudaResource resource : left) {
      attempt(resource::close, failures);
    }
    synchronized (this) {
      closed = true;
    }
    CudaDriver functions = driver.functions();
    attempt(
        () ->
            driver.check(
                "cuDevicePrimaryCtxRelease", functions.cuDevicePrimaryCtxRelease_v2(device)),
        failures);
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }

  private static void attempt(Runnable release, List<CudaException> failures) {
    try {
      release.run();
    } catch (CudaException failure) {
      failures.add(failure);
    }
  }
}
