package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.MatrixLayout;

/** The ways in which our kernels are launched; nothing is launched where there is nothing to do. */
final class Launches {
  static final int WARP = 32;
  static final int THREADS = 256;

  private final CudaWork work;

  Launches(CudaWork work) {
    this.work = work;
  }

  CudaWork work() {
    return work;
  }

  void launch(
      KernelFamily family, String kernel, long blocks, int threads, LaunchArguments arguments) {
    if (blocks > 0) {
      work.launch(family, kernel, Math.toIntExact(blocks), threads, arguments);
    }
  }

  /** A thread an element; the kernel's last parameters are rows and columns. */
  void elements(KernelFamily family, String kernel, int rows, int cols, LaunchArguments arguments) {
    long blocks = ((long) rows * cols + THREADS - 1) / THREADS;
    launch(family, kernel, blocks, THREADS, arguments.add(rows).add(cols));
  }

  /** A thread for each of {@code count} things. */
  void threads(KernelFamily family, String kernel, long count, LaunchArguments arguments) {
    launch(family, kernel, (count + THREADS - 1) / THREADS, THREADS, arguments);
  }

  /** A warp for each of {@code count} things, several in a block. */
  void warps(KernelFamily family, String kernel, long count, LaunchArguments arguments) {
    threads(family, kernel, count * WARP, arguments);
  }

  /** A block a row, with as many threads as {@code cols} have work for. */
  void rows(KernelFamily family, String kernel, int rows, int cols, LaunchArguments arguments) {
    launch(family, kernel, rows, wholeWarps(cols), arguments);
  }

  /** A block of one warp a row. */
  void warpRows(KernelFamily family, String kernel, int rows, LaunchArguments arguments) {
    launch(family, kernel, rows, WARP, arguments);
  }

  /** A block for each 32 columns, 8 threads a column. */
  void columns(KernelFamily family, String kernel, int cols, LaunchArguments arguments) {
    launch(family, kernel, (cols + WARP - 1) / WARP, THREADS, arguments);
  }

  private static int wholeWarps(int cols) {
    return cols >= THREADS ? THREADS : Math.max(1, (cols + WARP - 1) / WARP) * WARP;
  }

  /** Returns scratch memory as a matrix without gaps. */
  static FloatMatrix matrix(DeviceBuffer scratch, int rows, int cols) {
    long numbers = (long) rows * cols;
    return new FloatMatrix(
        new DeviceNumbers(scratch, numbers), MatrixLayout.contiguous(rows, cols));
  }
}
