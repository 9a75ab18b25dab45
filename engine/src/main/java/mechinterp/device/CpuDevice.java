package mechinterp.device;

import java.util.Optional;
import mechinterp.kernel.CheckedKernels;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.ScalarKernels;
import mechinterp.kernel.VectorKernels;
import mechinterp.kernel.WorkerPool;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.HostFloats;
import mechinterp.tensor.HostInts;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/**
 * The CPU: matrices are Java arrays, kernels are those of the Vector API or the scalar reference.
 */
public final class CpuDevice implements Device {
  private final String name;
  private final Kernels kernels;
  private final Optional<WorkerPool> workers;

  private CpuDevice(String name, Kernels kernels, Optional<WorkerPool> workers) {
    this.name = name;
    this.kernels = new CheckedKernels(kernels);
    this.workers = workers;
  }

  /** Returns the CPU with the scalar reference kernels, on one thread. */
  public static CpuDevice scalar() {
    return new CpuDevice("cpu (scalar)", new ScalarKernels(), Optional.empty());
  }

  /**
   * Returns the CPU with vector kernels.
   *
   * @param threads threads that share the work, at least 1
   * @throws IllegalStateException when this JVM runs without the vector module
   */
  public static CpuDevice vector(int threads) {
    if (!hasVectorModule()) {
      throw new IllegalStateException(
          "device: vector kernels asked for, module jdk.incubator.vector is not loaded; start java with --add-modules jdk.incubator.vector");
    }
    WorkerPool workers = new WorkerPool(threads);
    Kernels kernels = new VectorKernels(workers);
    String name =
        "cpu (%s, %d %s)".formatted(kernels.name(), threads, threads == 1 ? "thread" : "threads");
    return new CpuDevice(name, kernels, Optional.of(workers));
  }

  /**
   * Returns the CPU with the fastest kernels that this JVM can run: the vector kernels, or the
   * scalar ones where the module {@code jdk.incubator.vector} is not loaded, with a warning in the
   * log of this class.
   */
  public static CpuDevice best(int threads) {
    if (hasVectorModule()) {
      return vector(threads);
    }
    System.getLogger(CpuDevice.class.getName())
        .log(
            System.Logger.Level.WARNING,
            "scalar kernels on one thread: module jdk.incubator.vector is not loaded; start java with --add-modules jdk.incubator.vector");
    return scalar();
  }

  /**
   * Returns how many bits the kernels of {@link #best} work on at once: those of a number when
   * scalar.
   */
  public static int simdBits() {
    return hasVectorModule() ? VectorKernels.vectorBits() : Float.SIZE;
  }

  private static boolean hasVectorModule() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public FloatMatrix floats(int rows, int cols) {
    float[] values = new float[Math.multiplyExact(rows, cols)];
    return new FloatMatrix(new HostFloats(values), MatrixLayout.contiguous(rows, cols));
  }

  @Override
  public IntMatrix ints(int rows, int cols) {
    int[] values = new int[Math.multiplyExact(rows, cols)];
    return new IntMatrix(new HostInts(values), MatrixLayout.contiguous(rows, cols));
  }

  @Override
  public void upload(FloatMatrix to, float[] from, int offset) {
    to.layout().requireArray("upload", offset, from.length);
    copyRows(
        to.layout(), (row, at) -> System.arraycopy(from, offset + row, array(to), at, to.cols()));
  }

  @Override
  public void upload(IntMatrix to, int[] from, int offset) {
    to.layout().requireArray("upload", offset, from.length);
    copyRows(
        to.layout(), (row, at) -> System.arraycopy(from, offset + row, array(to), at, to.cols()));
  }

  @Override
  public void download(float[] to, int offset, FloatMatrix from) {
    from.layout().requireArray("download", offset, to.length);
    copyRows(
        from.layout(),
        (row, at) -> System.arraycopy(array(from), at, to, offset + row, from.cols()));
  }

  @Override
  public void download(int[] to, int offset, IntMatrix from) {
    from.layout().requireArray("download", offset, to.length);
    copyRows(
        from.layout(),
        (row, at) -> System.arraycopy(array(from), at, to, offset + row, from.cols()));
  }

  /**
   * Copies one row, of which the first number has these indices in the host array and in the
   * storage.
   */
  private interface RowCopy {
    void copy(int inHostArray, int inStorage);
  }

  private static void copyRows(MatrixLayout layout, RowCopy rows) {
    for (int i = 0; i < layout.rows(); i++) {
      rows.copy(i * layout.cols(), layout.index(i, 0));
    }
  }

  private static float[] array(FloatMatrix matrix) {
    return ((HostFloats) matrix.storage()).array();
  }

  private static int[] array(IntMatrix matrix) {
    return ((HostInts) matrix.storage()).array();
  }

  @Override
  public long availableBytes() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  @Override
  public void close() {
    workers.ifPresent(WorkerPool::close);
  }
}
