package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mechinterp.bindings.NativeLibraries;
import mechinterp.bindings.NativeLibrary;
import mechinterp.device.Device;
import mechinterp.kernel.CheckedKernels;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/**
 * A GPU. Its methods and kernels throw {@link CudaException}; after one that a kernel caused
 * nothing works but {@link #close}. Memory of matrices is given back when the device is closed.
 */
public final class CudaDevice implements Device {
  private static final int STAGING_FLOATS = 1 << 18;

  private final String name;
  private final CudaContext context;
  private final CudaWork work;
  private final PinnedBuffer staging;
  private final Kernels kernels;

  private CudaDevice(String name, CudaContext context, NativeLibrary.Found cublas) {
    this.name = name;
    this.context = context;
    work = new CudaWork(context, cublas);
    staging = PinnedBuffer.allocate(context, (long) Float.BYTES * STAGING_FLOATS);
    kernels = new CheckedKernels(new CudaKernels(work));
  }

  /**
   * Returns the GPU of this number.
   *
   * @throws IllegalStateException when there is no driver or no cuBLAS; says where it was looked
   *     for
   * @throws CudaException when the driver refuses
   */
  public static CudaDevice open(int ordinal) {
    return open(ordinal, NativeLibraries.cuda(), NativeLibraries.cublas());
  }

  /**
   * Returns the GPU of this number of a driver.
   *
   * @throws IllegalStateException when a library is missing
   * @throws CudaException when the driver refuses; nothing is left behind
   */
  public static CudaDevice open(int ordinal, NativeLibrary cuda, NativeLibrary cublas) {
    Driver driver = new Driver(found(ordinal, cuda).symbols());
    NativeLibrary.Found blas = found(ordinal, cublas);
    CudaContext context = CudaContext.open(driver, ordinal);
    try (Arena arena = Arena.ofConfined()) {
      CudaState.Gpu gpu = CudaProbe.gpu(ordinal, driver, arena);
      String name =
          "cuda:%d (%s, compute capability %s)"
              .formatted(ordinal, gpu.name(), gpu.computeCapability());
      return new CudaDevice(name, context, blas);
    } catch (CudaException refused) {
      try {
        context.close();
      } catch (CudaException alsoRefused) {
        refused.addSuppressed(alsoRefused);
      }
      throw refused;
    }
  }

  private static NativeLibrary.Found found(int ordinal, NativeLibrary library) {
    return switch (library) {
      case NativeLibrary.Found found -> found;
      case NativeLibrary.Missing(String reason) ->
          throw new IllegalStateException("cuda:" + ordinal + ": " + reason);
    };
  }

  @Override
  public String name() {
    return name;
  }

  CudaWork work() {
    return work;
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public FloatMatrix floats(int rows, int cols) {
    return new FloatMatrix(zeros(rows, cols), MatrixLayout.contiguous(rows, cols));
  }

  @Override
  public IntMatrix ints(int rows, int cols) {
    return new IntMatrix(zeros(rows, cols), MatrixLayout.contiguous(rows, cols));
  }

  private DeviceNumbers zeros(int rows, int cols) {
    long length = Math.multiplyExact(rows, cols);
    DeviceBuffer buffer = context.allocate(Float.BYTES * Math.max(1, length));
    work.clear(buffer, length);
    return new DeviceNumbers(buffer, length);
  }

  @Override
  public void upload(FloatMatrix to, float[] from, int offset) {
    to.layout().requireArray("upload", offset, from.length);
    upload(
        to.layout(),
        DeviceNumbers.address(to),
        (at, memory, count) ->
            MemorySegment.copy(from, offset + at, memory, ValueLayout.JAVA_FLOAT, 0, count));
  }

  @Override
  public void upload(IntMatrix to, int[] from, int offset) {
    to.layout().requireArray("upload", offset, from.length);
    upload(
        to.layout(),
        DeviceNumbers.address(to),
        (at, memory, count) ->
            MemorySegment.copy(from, offset + at, memory, ValueLayout.JAVA_INT, 0, count));
  }

  @Override
  public void download(float[] to, int offset, FloatMatrix from) {
    from.layout().requireArray("download", offset, to.length);
    download(
        from.layout(),
        DeviceNumbers.address(from),
        (at, memory, count) ->
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 0, to, offset + at, count));
  }

  @Override
  public void download(int[] to, int offset, IntMatrix from) {
    from.layout().requireArray("download", offset, to.length);
    download(
        from.layout(),
        DeviceNumbers.address(from),
        (at, memory, count) ->
            MemorySegment.copy(memory, ValueLayout.JAVA_INT, 0, to, offset + at, count));
  }

  /** Copies some numbers between an index of a host array and the start of pinned memory. */
  private interface HostCopy {
    void copy(int inArray, MemorySegment pinned, int count);
  }

  private void upload(MatrixLayout layout, long address, HostCopy copy) {
    inPieces(
        layout,
        (inArray, inMatrix, count) -> {
          copy.copy(inArray, staging.memory(), count);
          int status =
              context
                  .enter()
                  .cuMemcpyHtoDAsync_v2(
                      address + Float.BYTES * inMatrix,
                      staging.memory(),
                      (long) Float.BYTES * count,
                      work.stream().handle());
          context.driver().check("cuMemcpyHtoDAsync", status);
          work.stream().synchronize();
        });
  }

  private void download(MatrixLayout layout, long address, HostCopy copy) {
    inPieces(
        layout,
        (inArray, inMatrix, count) -> {
          int status =
              context
                  .enter()
                  .cuMemcpyDtoHAsync_v2(
                      staging.memory(),
                      address + Float.BYTES * inMatrix,
                      (long) Float.BYTES * count,
                      work.stream().handle());
          context.driver().check("cuMemcpyDtoHAsync", status);
          work.stream().synchronize();
          copy.copy(inArray, staging.memory(), count);
        });
  }

  /** Some numbers that lie side by side in the host array and in the matrix. */
  private interface Piece {
    void copy(int inArray, long inMatrix, int count);
  }

  /** One copy at a time: there is one staging buffer. */
  private void inPieces(MatrixLayout layout, Piece piece) {
    synchronized (staging) {
      boolean whole = layout.isContiguous();
      int runs = whole ? Math.min(1, layout.rows()) : layout.rows();
      int length = whole ? (int) layout.size() : layout.cols();
      for (int run = 0; run < runs; run++) {
        for (int start = 0; start < length; start += STAGING_FLOATS) {
          long inMatrix = (long) run * layout.rowStride() + start;
          piece.copy(run * length + start, inMatrix, Math.min(STAGING_FLOATS, length - start));
        }
      }
    }
  }

  /**
   * Waits until all work is done.
   *
   * @throws CudaException when some of it failed
   */
  public void synchronize() {
    work.stream().synchronize();
  }

  @Override
  public long availableBytes() {
    return context.freeBytes();
  }

  /**
   * Gives everything back, whatever fails on the way.
   *
   * @throws CudaException the first failure, when all has been given back
   */
  @Override
  public void close() {
    context.close();
  }
}
