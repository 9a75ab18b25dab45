package mechinterp.device.cuda;

import java.util.ArrayList;
import java.util.List;
import mechinterp.tensor.Matrix;
import mechinterp.tensor.SparseCodes;

/**
 * Codes as kernels take them: without gaps between rows. Codes that are views of something wider
 * are copied to scratch memory, and back where they were written.
 */
final class GpuCodes implements AutoCloseable {
  private final CudaWork work;
  private final List<DeviceBuffer> scratch = new ArrayList<>();
  private final SparseCodes codes;
  private final long indices;
  private final long values;
  private final long counts;

  private GpuCodes(CudaWork work, SparseCodes codes) {
    this.work = work;
    this.codes = codes;
    indices = place(codes.indices());
    values = place(codes.values());
    counts = place(codes.counts());
  }

  /** For reading. */
  static GpuCodes read(CudaWork work, SparseCodes codes) {
    GpuCodes gpu = new GpuCodes(work, codes);
    gpu.copyIn(codes.indices(), gpu.indices);
    gpu.copyIn(codes.values(), gpu.values);
    gpu.copyIn(codes.counts(), gpu.counts);
    return gpu;
  }

  /** For writing, which {@link #finish} ends. */
  static GpuCodes write(CudaWork work, SparseCodes codes) {
    return new GpuCodes(work, codes);
  }

  private long place(Matrix<?> matrix) {
    if (matrix.layout().isContiguous()) {
      return DeviceNumbers.address(matrix);
    }
    DeviceBuffer buffer = work.scratch(matrix.size());
    scratch.add(buffer);
    return buffer.address();
  }

  private void copyIn(Matrix<?> matrix, long to) {
    if (!matrix.layout().isContiguous()) {
      work.copyRows(
          to,
          matrix.cols(),
          DeviceNumbers.address(matrix),
          matrix.layout().rowStride(),
          matrix.rows(),
          matrix.cols());
    }
  }

  /** Copies what was written to where it belongs. */
  void finish() {
    copyOut(codes.indices(), indices);
    copyOut(codes.values(), values);
    copyOut(codes.counts(), counts);
  }

  private void copyOut(Matrix<?> matrix, long from) {
    if (!matrix.layout().isContiguous()) {
      work.copyRows(
          DeviceNumbers.address(matrix),
          matrix.layout().rowStride(),
          from,
          matrix.cols(),
          matrix.rows(),
          matrix.cols());
    }
  }

  long indices() {
    return indices;
  }

  long values() {
    return values;
  }

  long counts() {
    return counts;
  }

  @Override
  public void close() {
    scratch.forEach(DeviceBuffer::close);
  }
}
