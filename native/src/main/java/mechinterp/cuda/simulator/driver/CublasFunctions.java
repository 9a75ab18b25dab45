package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import mechinterp.cuda.simulator.driver.Gemm.Factor;
import mechinterp.cuda.simulator.driver.Gemm.Rounding;

/** cuBLAS: products of floats and of bfloat16. */
@SuppressWarnings("MemberName") // the names of the C functions
final class CublasFunctions {
  private static final int VERSION = 11_803;
  private static final int TF32_TENSOR_OP_MATH = 3;
  private static final int FLOAT = 0;
  private static final int BFLOAT16 = 14;
  private static final int COMPUTE_32F = 68;
  private static final int COMPUTE_32F_PEDANTIC = 69;
  private static final int COMPUTE_32F_FAST_16BF = 75;
  private static final int COMPUTE_32F_FAST_TF32 = 77;

  private final Gpu gpu;
  private final FailureDetails details;

  CublasFunctions(Gpu gpu, FailureDetails details) {
    this.gpu = gpu;
    this.details = details;
  }

  public MemorySegment cublasGetStatusName(int status) {
    return details.text(CublasStatus.of(status).map(Enum::name).orElse("unknown status"));
  }

  /** Unlike cuBLAS' own, the text ends with what was last behind the status. */
  public MemorySegment cublasGetStatusString(int status) {
    return details.describe(
        status, CublasStatus.of(status).map(CublasStatus::words).orElse("unknown status"));
  }

  public void cublasCreate_v2(MemorySegment handle) {
    try {
      gpu.context();
    } catch (DriverException noContext) {
      throw CublasStatus.CUBLAS_STATUS_NOT_INITIALIZED.because(noContext);
    }
    handle.set(ADDRESS, 0, gpu.handles().add(new BlasHandle()));
  }

  public void cublasDestroy_v2(MemorySegment handle) {
    known(handle);
    gpu.handles().remove(handle, BlasHandle.class);
  }

  public void cublasGetVersion_v2(MemorySegment handle, MemorySegment version) {
    known(handle);
    version.set(JAVA_INT, 0, VERSION);
  }

  public void cublasSetStream_v2(MemorySegment handle, MemorySegment stream) {
    known(handle).useStream(stream);
  }

  /** There is nothing that the simulator would need one for. */
  public void cublasSetWorkspace_v2(MemorySegment handle, MemorySegment workspace, long bytes) {
    known(handle);
  }

  public void cublasSetMathMode(MemorySegment handle, int mode) {
    known(handle).allowTensorFloat(mode == TF32_TENSOR_OP_MATH);
  }

  public void cublasSetPointerMode_v2(MemorySegment handle, int mode) {
    known(handle).takeScalarsOnDevice(mode != 0);
  }

  public void cublasSgemm_v2(
      MemorySegment handle,
      int transA,
      int transB,
      int m,
      int n,
      int k,
      MemorySegment alpha,
      MemorySegment a,
      int lda,
      MemorySegment b,
      int ldb,
      MemorySegment beta,
      MemorySegment c,
      int ldc) {
    Rounding rounding = known(handle).tensorFloat() ? Rounding.TF32 : Rounding.NONE;
    Factor left = new Factor(a.address(), Gemm.Type.FLOAT, lda, transA != 0, rounding);
    Factor right = new Factor(b.address(), Gemm.Type.FLOAT, ldb, transB != 0, rounding);
    Factor out = new Factor(c.address(), Gemm.Type.FLOAT, ldc, false, Rounding.NONE);
    multiply(handle, m, n, k, alpha, left, right, beta, out, new Batch(1, 0, 0, 0));
  }

  public void cublasGemmEx(
      MemorySegment handle,
      int transA,
      int transB,
      int m,
      int n,
      int k,
      MemorySegment alpha,
      MemorySegment a,
      int aType,
      int lda,
      MemorySegment b,
      int bType,
      int ldb,
      MemorySegment beta,
      MemorySegment c,
      int cType,
      int ldc,
      int computeType,
      int algorithm) {
    cublasGemmStridedBatchedEx(
        handle,
        transA,
        transB,
        m,
        n,
        k,
        alpha,
        a,
        aType,
        lda,
        0,
        b,
        bType,
        ldb,
        0,
        beta,
        c,
        cType,
        ldc,
        0,
        1,
        computeType,
        algorithm);
  }

  public void cublasGemmStridedBatchedEx(
      MemorySegment handle,
      int transA,
      int transB,
      int m,
      int n,
      int k,
      MemorySegment alpha,
      MemorySegment a,
      int aType,
      int lda,
      long strideA,
      MemorySegment b,
      int bType,
      int ldb,
      long strideB,
      MemorySegment beta,
      MemorySegment c,
      int cType,
      int ldc,
      long strideC,
      int batchCount,
      int computeType,
      int algorithm) {
    Rounding rounding = rounding(known(handle), computeType);
    Factor left = new Factor(a.address(), type(aType), lda, transA != 0, rounding);
    Factor right = new Factor(b.address(), type(bType), ldb, transB != 0, rounding);
    if (left.type() != right.type()) {
      throw CublasStatus.CUBLAS_STATUS_NOT_SUPPORTED.because("factors of two types");
    }
    Factor out = new Factor(c.address(), type(cType), ldc, false, Rounding.NONE);
    Batch batch = new Batch(batchCount, strideA, strideB, strideC);
    multiply(handle, m, n, k, alpha, left, right, beta, out, batch);
  }

  private record Batch(int count, long strideA, long strideB, long strideC) {}

  private void multiply(
      MemorySegment handle,
      int m,
      int n,
      int k,
      MemorySegment alpha,
      Factor a,
      Factor b,
      MemorySegment beta,
      Factor c,
      Batch batch) {
    BlasHandle settings = known(handle);
    if (settings.scalarsOnDevice()) {
      throw CublasStatus.CUBLAS_STATUS_NOT_SUPPORTED.because("alpha and beta on the device");
    }
    requireSizes(m, n, k, a, b, c, batch);
    float factor = alpha.get(JAVA_FLOAT, 0);
    float kept = beta.get(JAVA_FLOAT, 0);
    Context context = context();
    for (int i = 0; i < batch.count(); i++) {
      Gemm gemm =
          new Gemm(
              m,
              n,
              k,
              factor,
              a.shifted(i * batch.strideA()),
              b.shifted(i * batch.strideB()),
              kept,
              c.shifted(i * batch.strideC()));
      context.add(gpu.stream(settings.stream()), () -> gemm.run(context.memory()));
    }
  }

  private static void requireSizes(int m, int n, int k, Factor a, Factor b, Factor c, Batch batch) {
    boolean fits =
        Math.min(Math.min(m, n), Math.min(k, batch.count())) >= 0
            && a.stride() >= Math.max(1, a.transposed() ? k : m)
            && b.stride() >= Math.max(1, b.transposed() ? n : k)
            && c.stride() >= Math.max(1, m);
    if (!fits) {
      throw CublasStatus.CUBLAS_STATUS_INVALID_VALUE.because(
          "m %d, n %d, k %d, leading dimensions %d, %d, %d"
              .formatted(m, n, k, a.stride(), b.stride(), c.stride()));
    }
  }

  private static Gemm.Type type(int number) {
    return switch (number) {
      case FLOAT -> Gemm.Type.FLOAT;
      case BFLOAT16 -> Gemm.Type.BFLOAT16;
      default ->
          throw CublasStatus.CUBLAS_STATUS_NOT_SUPPORTED.because("data type %d".formatted(number));
    };
  }

  private static Rounding rounding(BlasHandle settings, int computeType) {
    return switch (computeType) {
      case COMPUTE_32F -> settings.tensorFloat() ? Rounding.TF32 : Rounding.NONE;
      case COMPUTE_32F_PEDANTIC -> Rounding.NONE;
      case COMPUTE_32F_FAST_TF32 -> Rounding.TF32;
      case COMPUTE_32F_FAST_16BF -> Rounding.BFLOAT16;
      default ->
          throw CublasStatus.CUBLAS_STATUS_NOT_SUPPORTED.because(
              "compute type %d".formatted(computeType));
    };
  }

  private Context context() {
    try {
      return gpu.context();
    } catch (DriverException broken) {
      throw CublasStatus.CUBLAS_STATUS_EXECUTION_FAILED.because(broken);
    }
  }

  private BlasHandle known(MemorySegment handle) {
    try {
      return gpu.handles().get(handle, BlasHandle.class);
    } catch (DriverException unknown) {
      throw CublasStatus.CUBLAS_STATUS_NOT_INITIALIZED.because(unknown);
    }
  }
}
