package mechinterp.cuda.simulator.driver;

import java.util.Arrays;
import java.util.Optional;

/** Results of the driver's functions, with CUDA's numbers. */
enum CudaStatus {
  CUDA_SUCCESS(0, "no error"),
  CUDA_ERROR_INVALID_VALUE(1, "invalid argument"),
  CUDA_ERROR_OUT_OF_MEMORY(2, "out of memory"),
  CUDA_ERROR_NOT_INITIALIZED(3, "initialization error"),
  CUDA_ERROR_DEINITIALIZED(4, "driver shutting down"),
  CUDA_ERROR_NO_DEVICE(100, "no CUDA-capable device is detected"),
  CUDA_ERROR_INVALID_DEVICE(101, "invalid device ordinal"),
  CUDA_ERROR_INVALID_IMAGE(200, "device kernel image is invalid"),
  CUDA_ERROR_INVALID_CONTEXT(201, "invalid device context"),
  CUDA_ERROR_INVALID_PTX(218, "a PTX JIT compilation failed"),
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION(222, "the PTX was compiled with an unsupported toolchain"),
  CUDA_ERROR_INVALID_HANDLE(400, "invalid resource handle"),
  CUDA_ERROR_NOT_FOUND(500, "named symbol not found"),
  CUDA_ERROR_NOT_READY(600, "device not ready"),
  CUDA_ERROR_ILLEGAL_ADDRESS(700, "an illegal memory access was encountered"),
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES(701, "too many resources requested for launch"),
  CUDA_ERROR_LAUNCH_TIMEOUT(702, "the launch timed out and was terminated"),
  CUDA_ERROR_MISALIGNED_ADDRESS(716, "misaligned address"),
  CUDA_ERROR_LAUNCH_FAILED(719, "unspecified launch failure"),
  CUDA_ERROR_NOT_SUPPORTED(801, "operation not supported"),
  CUDA_ERROR_UNKNOWN(999, "unknown error");

  private final int code;
  private final String words;

  CudaStatus(int code, String words) {
    this.code = code;
    this.words = words;
  }

  static Optional<CudaStatus> of(int code) {
    return Arrays.stream(values()).filter(status -> status.code == code).findFirst();
  }

  int code() {
    return code;
  }

  String words() {
    return words;
  }

  /** The failure of a call with this status. */
  DriverException because(String detail) {
    return new DriverException(code, detail);
  }

  /** The failure of a call with this status. */
  DriverException because(RuntimeException cause) {
    return new DriverException(code, String.valueOf(cause.getMessage()));
  }
}
