package mechinterp.device.cuda;

import java.util.Optional;
import mechinterp.tensor.FloatMatrix;

/**
 * A column [n, 1] as kernels take it: its numbers side by side. A column of something wider is
 * copied to scratch memory, and back where it was written.
 */
final class GpuColumn implements AutoCloseable {
  private final CudaWork work;
  private final FloatMatrix column;
  private final Optional<DeviceBuffer> scratch;

  private GpuColumn(CudaWork work, FloatMatrix column) {
    this.work = work;
    this.column = column;
    scratch =
        column.layout().isContiguous()
            ? Optional.empty()
            : Optional.of(work.scratch(column.size()));
  }

  /** For reading. */
  static GpuColumn read(CudaWork work, FloatMatrix column) {
    GpuColumn gpu = new GpuColumn(work, column);
    gpu.scratch.ifPresent(buffer ->
        work.copyRows(
            buffer.address(),
            1,
            DeviceNumbers.address(column),
            column.layout().rowStride(),
            column.rows(),
            1));
    return gpu;
  }

  /** For writing, which {@link #finish} ends. */
  static GpuColumn write(CudaWork work, FloatMatrix column) {
    return new GpuColumn(work, column);
  }

  long address() {
    return scratch.map(DeviceBuffer::address).orElseGet(() -> DeviceNumbers.address(column));
  }

  /** Copies what was written to where it belongs. */
  void finish() {
    scratch.ifPresent(buffer ->
        work.copyRows(
            DeviceNumbers.address(column),
            column.layout().rowStride(),
            buffer.address(),
            1,
            column.rows(),
            1));
  }

  @Override
  public void close() {
    scratch.ifPresent(DeviceBuffer::close);
  }
}
