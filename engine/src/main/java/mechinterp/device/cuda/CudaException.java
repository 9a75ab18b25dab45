package mechinterp.device.cuda;

/**
 * CUDA or cuBLAS refused a call, or a kernel before it failed. The message names call, status and
 * number: {@code cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (2); asked for 1,024 bytes, 512 free}.
 */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;

  CudaException(String call, String name, int code, String detail) {
    super("%s: %s (%d); %s".formatted(call, name, code, detail));
    this.call = call;
    this.code = code;
  }

  /** Returns the function that reported it, which need not be the one that caused it. */
  public String call() {
    return call;
  }

  /** Returns the number, a {@code CUresult} or a {@code cublasStatus_t}. */
  public int code() {
    return code;
  }
}
