package mechinterp.device.cuda;

import java.util.Optional;
import mechinterp.tensor.IntMatrix;

/** Integers as kernels take them: without gaps between rows, else copied to scratch memory. */
final class GpuInts implements AutoCloseable {
  private final IntMatrix matrix;
  private final Optional<DeviceBuffer> scratch;

  private GpuInts(IntMatrix matrix, Optional<DeviceBuffer> scratch) {
    this.matrix = matrix;
    this.scratch = scratch;
  }

  static GpuInts read(CudaWork work, IntMatrix matrix) {
    if (matrix.layout().isContiguous()) {
      return new GpuInts(matrix, Optional.empty());
    }
    DeviceBuffer buffer = work.scratch(matrix.size());
    work.copyRows(
        buffer.address(),
        matrix.cols(),
        DeviceNumbers.address(matrix),
        matrix.layout().rowStride(),
        matrix.rows(),
        matrix.cols());
    return new GpuInts(matrix, Optional.of(buffer));
  }

  long address() {
    return scratch.map(DeviceBuffer::address).orElseGet(() -> DeviceNumbers.address(matrix));
  }

  @Override
  public void close() {
    scratch.ifPresent(DeviceBuffer::close);
  }
}
