package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import mechinterp.tensor.IntMatrix;

/** The few numbers that the host has to know before it can go on; each read waits for the GPU. */
final class HostReads {
  private HostReads() {}

  /** Returns the numbers of a matrix, row by row. */
  static int[] ints(CudaWork work, IntMatrix matrix) {
    if (matrix.size() > 0 && matrix.layout().isContiguous()) {
      return ints(work, DeviceNumbers.address(matrix), Math.toIntExact(matrix.size()));
    }
    return IntStream.range(0, matrix.rows())
        .mapToObj(row -> ints(work, DeviceNumbers.address(matrix.row(row)), matrix.cols()))
        .flatMapToInt(IntStream::of)
        .toArray();
  }

  /** Returns integers from an address on. */
  static int[] ints(CudaWork work, long address, int count) {
    if (count == 0) {
      return new int[0];
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(ValueLayout.JAVA_INT, count);
      int status =
          work.context()
              .enter()
              .cuMemcpyDtoHAsync_v2(host, address, host.byteSize(), work.stream().handle());
      work.context().driver().check("cuMemcpyDtoHAsync", status);
      work.stream().synchronize();
      return host.toArray(ValueLayout.JAVA_INT);
    }
  }
}
