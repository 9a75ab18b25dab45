package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Start, errors, the device and its context. */
@SuppressWarnings("MemberName") // the names of the C functions
final class DeviceFunctions {
  private static final String NAME = "mechinterp simulator";

  /** CUDA 11.8, of which the kernels' PTX is. */
  private static final int VERSION = 11_080;

  /** Numbers of {@code CUdevice_attribute_enum}. */
  private enum Attribute {
    MAX_THREADS_PER_BLOCK(1, 1024),
    MAX_SHARED_MEMORY_PER_BLOCK(8, 48 * 1024),
    WARP_SIZE(10, 32),
    CLOCK_RATE(13, 1_000_000),
    MULTIPROCESSOR_COUNT(16, 1),
    MEMORY_CLOCK_RATE(36, 1_000_000),
    GLOBAL_MEMORY_BUS_WIDTH(37, 64),
    L2_CACHE_SIZE(38, 1 << 20),
    COMPUTE_CAPABILITY_MAJOR(75, 8),
    COMPUTE_CAPABILITY_MINOR(76, 0),
    MAX_SHARED_MEMORY_PER_BLOCK_OPTIN(97, 163 * 1024),
    MEMORY_POOLS_SUPPORTED(115, 1);

    private final int number;
    private final int value;

    Attribute(int number, int value) {
      this.number = number;
      this.value = value;
    }
  }

  private final Gpu gpu;
  private final FailureDetails details;

  DeviceFunctions(Gpu gpu, FailureDetails details) {
    this.gpu = gpu;
    this.details = details;
  }

  public void cuGetErrorName(int error, MemorySegment name) {
    name.set(ADDRESS, 0, details.text(status(error).name()));
  }

  /** Unlike CUDA's, the text ends with what was last behind the error. */
  public void cuGetErrorString(int error, MemorySegment text) {
    text.set(ADDRESS, 0, details.describe(error, status(error).words()));
  }

  private static CudaStatus status(int error) {
    Optional<CudaStatus> status = CudaStatus.of(error);
    return status.orElseThrow(
        () -> CudaStatus.CUDA_ERROR_INVALID_VALUE.because("no error is %d".formatted(error)));
  }

  public void cuInit(int flags) {
    if (flags != 0) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "cuInit: flags %d; must be 0".formatted(flags));
    }
    gpu.initialise();
  }

  public void cuDriverGetVersion(MemorySegment version) {
    version.set(JAVA_INT, 0, VERSION);
  }

  public void cuDeviceGetCount(MemorySegment count) {
    gpu.requireInitialised();
    count.set(JAVA_INT, 0, 1);
  }

  public void cuDeviceGet(MemorySegment device, int ordinal) {
    gpu.requireDevice(ordinal);
    device.set(JAVA_INT, 0, ordinal);
  }

  public void cuDeviceGetName(MemorySegment name, int length, int device) {
    gpu.requireDevice(device);
    byte[] bytes = NAME.getBytes(StandardCharsets.US_ASCII);
    byte[] fitting = Arrays.copyOf(bytes, Math.min(bytes.length, length - 1) + 1);
    fitting[fitting.length - 1] = 0;
    MemorySegment.copy(MemorySegment.ofArray(fitting), 0, name, 0, fitting.length);
  }

  public void cuDeviceTotalMem_v2(MemorySegment bytes, int device) {
    gpu.requireDevice(device);
    bytes.set(JAVA_LONG, 0, gpu.form().memoryBytes());
  }

  public void cuDeviceGetAttribute(MemorySegment value, int attribute, int device) {
    gpu.requireDevice(device);
    for (Attribute known : Attribute.values()) {
      if (known.number == attribute) {
        value.set(JAVA_INT, 0, known.value);
        return;
      }
    }
    throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
        "attribute %d is not known".formatted(attribute));
  }

  public void cuDevicePrimaryCtxRetain(MemorySegment context, int device) {
    gpu.requireDevice(device);
    context.set(ADDRESS, 0, gpu.retain());
  }

  public void cuDevicePrimaryCtxRelease_v2(int device) {
    gpu.requireDevice(device);
    gpu.release();
  }

  public void cuCtxSetCurrent(MemorySegment context) {
    gpu.requireInitialised();
    gpu.makeCurrent(context);
  }

  public void cuCtxGetCurrent(MemorySegment context) {
    gpu.requireInitialised();
    context.set(ADDRESS, 0, gpu.currentHandle());
  }

  public void cuCtxSynchronize() {
    gpu.context().streams().runAll();
  }
}
