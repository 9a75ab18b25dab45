package mechinterp.cuda.simulator.driver;

import java.util.Arrays;
import java.util.Optional;

/** Results of cuBLAS' functions, with cuBLAS' numbers. */
enum CublasStatus {
  CUBLAS_STATUS_SUCCESS(0, "success"),
  CUBLAS_STATUS_NOT_INITIALIZED(1, "the library was not initialized"),
  CUBLAS_STATUS_ALLOC_FAILED(3, "the resource allocation failed"),
  CUBLAS_STATUS_INVALID_VALUE(7, "an unsupported value or parameter was passed"),
  CUBLAS_STATUS_ARCH_MISMATCH(8, "the function needs a feature that the device lacks"),
  CUBLAS_STATUS_MAPPING_ERROR(11, "an access to the device's memory failed"),
  CUBLAS_STATUS_EXECUTION_FAILED(13, "the function failed to launch on the GPU"),
  CUBLAS_STATUS_INTERNAL_ERROR(14, "an internal operation failed"),
  CUBLAS_STATUS_NOT_SUPPORTED(15, "the operation is not supported");

  private final int code;
  private final String words;

  CublasStatus(int code, String words) {
    this.code = code;
    this.words = words;
  }

  static Optional<CublasStatus> of(int code) {
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
