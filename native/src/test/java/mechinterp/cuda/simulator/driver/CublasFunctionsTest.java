package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import mechinterp.bindings.cublas.Cublas;
import mechinterp.bindings.cuda.CudaDriver;
import mechinterp.cuda.Gpu;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products, beside the sums in double. */
class CublasFunctionsTest {
  private static final int M = 5;
  private static final int N = 3;
  private static final int K = 7;
  private static final int GAP = 2;

  private final CudaProgram program = CudaProgram.start(SimulatedGpu.ofMebibytes(1));
  private final Cublas cublas = program.cublas;
  private MemorySegment handle = MemorySegment.NULL;

  @BeforeEach
  void makeHandle() {
    program.checkBlas(cublas.cublasCreate_v2(program.out()));
    handle = program.pointer();
  }

  /** A matrix in column-major order with a gap behind each column. */
  private static final class Stored {
    private final float[] values;
    private final int rows;
    private final int columns;
    private final boolean transposed;

    Stored(float[] values, int rows, int columns, boolean transposed) {
      this.values = values;
      this.rows = rows;
      this.columns = columns;
      this.transposed = transposed;
    }

    static Stored random(int rows, int columns, boolean transposed, long seed) {
      int length = transposed ? columns : rows;
      int lines = transposed ? rows : columns;
      return new Stored(Gpu.random((length + GAP) * lines, seed), rows, columns, transposed);
    }

    int stride() {
      return (transposed ? columns : rows) + GAP;
    }

    double at(int row, int column) {
      return transposed ? values[row * stride() + column] : values[column * stride() + row];
    }

    int operation() {
      return transposed ? Cublas.CUBLAS_OP_T() : Cublas.CUBLAS_OP_N();
    }
  }

  private static double product(Stored a, Stored b, int row, int column) {
    double sum = 0;
    for (int p = 0; p < a.columns; p++) {
      sum += a.at(row, p) * b.at(p, column);
    }
    return sum;
  }

  private MemorySegment number(float value) {
    return program.arena.allocateFrom(JAVA_FLOAT, value);
  }

  private static MemorySegment at(long address) {
    return MemorySegment.ofAddress(address);
  }

  private float[] sgemm(Stored a, Stored b, float alpha, float beta, Stored c) {
    long to = program.upload(c.values);
    program.checkBlas(
        cublas.cublasSgemm_v2(
            handle,
            a.operation(),
            b.operation(),
            M,
            N,
            K,
            number(alpha),
            at(program.upload(a.values)),
            a.stride(),
            at(program.upload(b.values)),
            b.stride(),
            number(beta),
            at(to),
            c.stride()));
    return program.download(to, c.values.length);
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, 1, 0",
    "true, false, 1, 1",
    "false, true, 0.5, 0",
    "true, true, -2, 0.25"
  })
  void productsOfFloats(boolean transA, boolean transB, float alpha, float beta) {
    Stored a = Stored.random(M, K, transA, 1);
    Stored b = Stored.random(K, N, transB, 2);
    Stored c = Stored.random(M, N, false, 3);
    float[] found = sgemm(a, b, alpha, beta, c);
    for (int j = 0; j < N; j++) {
      for (int i = 0; i < c.stride(); i++) {
        int index = j * c.stride() + i;
        double expected = i < M ? alpha * product(a, b, i, j) + beta * c.at(i, j) : c.values[index];
        assertEquals(expected, found[index], 1e-5);
      }
    }
  }

  @Test
  void aTensorCoreKeepsElevenBits() {
    Stored c = Stored.random(M, N, false, 3);
    Stored a = Stored.random(M, K, false, 1);
    a.values[0] = 1 + 0x1p-11f;
    Stored b = Stored.random(K, N, false, 2);
    java.util.Arrays.fill(b.values, 0);
    b.values[0] = 1;
    assertEquals(1 + 0x1p-11f, sgemm(a, b, 1, 0, c)[0], "strict by default");
    program.checkBlas(cublas.cublasSetMathMode(handle, Cublas.CUBLAS_TF32_TENSOR_OP_MATH()));
    assertEquals(1 + 0x1p-10f, sgemm(a, b, 1, 0, c)[0]);
  }

  @Test
  void productsOfBfloat16InABatch() {
    long factors = program.allocate(8);
    // 1, 2, 0.5, -3 as bfloat16
    MemorySegment bits =
        program.arena.allocateFrom(
            java.lang.foreign.ValueLayout.JAVA_SHORT,
            (short) 0x3f80,
            (short) 0x4000,
            (short) 0x3f00,
            (short) 0xc040);
    program.check(program.cuda.cuMemcpyHtoD_v2(factors, bits, 8));
    long out = program.allocate(8);
    program.checkBlas(
        cublas.cublasGemmStridedBatchedEx(
            handle,
            0,
            0,
            1,
            1,
            1,
            number(1),
            at(factors),
            Cublas.CUDA_R_16BF(),
            1,
            1,
            at(factors + 4),
            Cublas.CUDA_R_16BF(),
            1,
            1,
            number(0),
            at(out),
            Cublas.CUDA_R_32F(),
            1,
            1,
            2,
            Cublas.CUBLAS_COMPUTE_32F(),
            Cublas.CUBLAS_GEMM_DEFAULT()));
    float[] found = program.download(out, 2);
    assertEquals(0.5f, found[0]);
    assertEquals(-6f, found[1]);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    long out = program.allocate(64);
    int status =
        cublas.cublasSgemm_v2(
            handle, 0, 0, 4, 1, 1, number(1), at(out), 3, at(out), 1, number(0), at(out), 4);
    assertEquals(Cublas.CUBLAS_STATUS_INVALID_VALUE(), status);
    assertEquals("CUBLAS_STATUS_INVALID_VALUE", cublas.cublasGetStatusName(status).getString(0));
    assertTrue(
        cublas
            .cublasGetStatusString(status)
            .getString(0)
            .endsWith("m 4, n 1, k 1, leading dimensions 3, 1, 4"));
    assertEquals(
        Cublas.CUBLAS_STATUS_NOT_INITIALIZED(), cublas.cublasDestroy_v2(MemorySegment.NULL));
  }

  @Test
  void aFactorThatWasNotWrittenBreaksTheContextLater() {
    long factors = program.allocate(8);
    long out = program.allocate(4);
    program.checkBlas(
        cublas.cublasSgemm_v2(
            handle,
            0,
            0,
            1,
            1,
            1,
            number(1),
            at(factors),
            1,
            at(factors),
            1,
            number(0),
            at(out),
            1));
    int status = program.cuda.cuCtxSynchronize();
    assertEquals(CudaDriver.CUDA_ERROR_ILLEGAL_ADDRESS(), status);
    assertTrue(program.errorText(status).contains("uninitialised"), program.errorText(status));
  }
}
