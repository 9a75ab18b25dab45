package mechinterp.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/** Takes the numbers of one tensor of a file, in pieces, in row-major order. */
public final class TensorSink {
  private static final int NUMBERS_AT_ONCE = 8192;

  private final TensorInfo tensor;
  private final OutputStream out;
  private final ByteBuffer buffer;
  private long written;

  /**
   * Begins a tensor.
   *
   * @param tensor what will be handed over
   * @param out where its bytes go; not closed
   */
  public TensorSink(TensorInfo tensor, OutputStream out) {
    this.tensor = tensor;
    this.out = out;
    buffer =
        ByteBuffer.allocate(NUMBERS_AT_ONCE * tensor.dtype().bytes())
            .order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Takes {@code count} floats from index {@code from} on, rounded to the tensor's dtype (F32, F16,
   * BF16 or F64).
   *
   * @throws IllegalArgumentException when the tensor is of another kind or would overflow
   */
  public void floats(float[] values, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, values.length);
    require(tensor.dtype().isFloat(), "floats");
    append(count, i -> tensor.dtype().put(buffer, values[from + i]));
  }

  /**
   * Takes {@code count} ints from index {@code from} on.
   *
   * @throws IllegalArgumentException when the tensor is not of I32 or would overflow
   */
  public void ints(int[] values, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, values.length);
    require(tensor.dtype() == DType.I32, "ints");
    append(count, i -> buffer.putInt(values[from + i]));
  }

  /**
   * Takes {@code count} longs from index {@code from} on.
   *
   * @throws IllegalArgumentException when the tensor is not of I64 or would overflow
   */
  public void longs(long[] values, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, values.length);
    require(tensor.dtype() == DType.I64, "longs");
    append(count, i -> buffer.putLong(values[from + i]));
  }

  /**
   * Takes {@code count} bytes from index {@code from} on.
   *
   * @throws IllegalArgumentException when the tensor is not of I8 or would overflow
   */
  public void bytes(byte[] values, int from, int count) throws IOException {
    Objects.checkFromIndexSize(from, count, values.length);
    require(tensor.dtype() == DType.I8, "bytes");
    append(count, i -> buffer.put(values[from + i]));
  }

  /**
   * Ends the tensor.
   *
   * @throws IllegalArgumentException when numbers are missing
   */
  public void finish() {
    require(written == tensor.size(), written + " numbers");
  }

  @FunctionalInterface
  private interface Put {
    void number(int i);
  }

  private void append(int count, Put put) throws IOException {
    written += count;
    require(written <= tensor.size(), written + " numbers or more");
    for (int done = 0; done < count; ) {
      int end = Math.min(count, done + NUMBERS_AT_ONCE);
      buffer.clear();
      for (; done < end; done++) {
        put.number(done);
      }
      out.write(buffer.array(), 0, buffer.position());
    }
  }

  private void require(boolean condition, String given) {
    if (!condition) {
      throw new IllegalArgumentException(
          "tensor \"%s\" was given %s; it is %s %s with %d numbers"
              .formatted(tensor.name(), given, tensor.dtype(), tensor.shape(), tensor.size()));
    }
  }
}
