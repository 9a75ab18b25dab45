package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import mechinterp.bindings.cublas.Cublas;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/** Matrix products by cuBLAS in strict 32-bit arithmetic, as work of one stream. */
final class Blas extends CudaResource {
  private final Cublas functions;
  private final MemorySegment handle;

  private Blas(CudaContext context, Cublas functions, MemorySegment handle) {
    super(context);
    this.functions = functions;
    this.handle = handle;
  }

  static Blas create(CudaContext context, SymbolLookup symbols, CudaStream stream) {
    Cublas functions = new Cublas(symbols);
    context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check(functions, "cublasCreate", functions.cublasCreate_v2(out));
      Blas blas = context.own(new Blas(context, functions, out.get(ValueLayout.ADDRESS, 0)));
      blas.check("cublasSetStream", functions.cublasSetStream_v2(blas.handle, stream.handle()));
      blas.check(
          "cublasSetMathMode",
          functions.cublasSetMathMode(blas.handle, Cublas.CUBLAS_PEDANTIC_MATH()));
      return blas;
    }
  }

  /**
   * out = op(a) op(b), or out += it. cuBLAS counts matrices by columns: what it is given as b and a
   * are our transposed a and b, and what it writes is our transposed out.
   */
  void multiply(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    int depth = asA == Operand.AS_IS ? a.cols() : a.rows();
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
      MemorySegment kept = arena.allocateFrom(ValueLayout.JAVA_FLOAT, write == Write.ADD ? 1 : 0);
      check(
          "cublasSgemm",
          functions.cublasSgemm_v2(
              handle,
              operation(asB),
              operation(asA),
              out.cols(),
              out.rows(),
              depth,
              one,
              pointer(b),
              leading(b),
              pointer(a),
              leading(a),
              kept,
              pointer(out),
              leading(out)));
    }
  }

  private static int operation(Operand operand) {
    return operand == Operand.AS_IS ? Cublas.CUBLAS_OP_N() : Cublas.CUBLAS_OP_T();
  }

  private static MemorySegment pointer(FloatMatrix matrix) {
    return MemorySegment.ofAddress(DeviceNumbers.address(matrix));
  }

  private static int leading(FloatMatrix matrix) {
    return Math.max(1, matrix.layout().rowStride());
  }

  private void check(String call, int status) {
    check(functions, call, status);
  }

  private static void check(Cublas functions, String call, int status) {
    if (status != Cublas.CUBLAS_STATUS_SUCCESS()) {
      throw new CudaException(
          call,
          Driver.string(functions.cublasGetStatusName(status)),
          status,
          Driver.string(functions.cublasGetStatusString(status)));
    }
  }

  @Override
  String description() {
    return "cuBLAS";
  }

  @Override
  void release(CudaDriver driver) {
    check("cublasDestroy", functions.cublasDestroy_v2(handle));
  }
}
