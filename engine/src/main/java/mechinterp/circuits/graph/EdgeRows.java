package mechinterp.circuits.graph;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Rows of effects: in memory up to a bound, the others in a temporary file. */
final class EdgeRows implements AutoCloseable {
  private final int cols;
  private final long inMemory;
  private final List<float[]> first = new ArrayList<>();
  private Optional<FileChannel> file = Optional.empty();
  private int rows;

  /**
   * Makes an empty list.
   *
   * @param cols numbers of a row
   * @param bytes the most in memory
   */
  EdgeRows(int cols, long bytes) {
    this.cols = cols;
    this.inMemory = bytes / Math.max(1, bytesOfRow());
  }

  private long bytesOfRow() {
    return (long) Float.BYTES * cols;
  }

  int rows() {
    return rows;
  }

  int cols() {
    return cols;
  }

  /**
   * Adds a row at the end, which is kept, not copied.
   *
   * @throws UncheckedIOException when the temporary file cannot be written
   */
  void add(float[] row) {
    if (rows < inMemory) {
      first.add(row);
    } else {
      write(row);
    }
    rows++;
  }

  /**
   * Returns a row, not to be changed.
   *
   * @throws UncheckedIOException when the temporary file cannot be read
   */
  float[] get(int row) {
    return row < first.size() ? first.get(row) : read(row - first.size());
  }

  private void write(float[] row) {
    ByteBuffer bytes = buffer();
    bytes.asFloatBuffer().put(row);
    try {
      long place = (rows - first.size()) * bytesOfRow();
      while (bytes.hasRemaining()) {
        place += open().write(bytes, place);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private float[] read(int row) {
    ByteBuffer bytes = buffer();
    try {
      long place = row * bytesOfRow();
      while (bytes.hasRemaining()) {
        int count = open().read(bytes, place);
        if (count < 0) {
          throw new IOException("temporary file of a graph: ends early; was it changed?");
        }
        place += count;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    float[] values = new float[cols];
    bytes.flip().asFloatBuffer().get(values);
    return values;
  }

  private ByteBuffer buffer() {
    return ByteBuffer.allocate(Math.toIntExact(bytesOfRow())).order(ByteOrder.nativeOrder());
  }

  private FileChannel open() throws IOException {
    if (file.isEmpty()) {
      file =
          Optional.of(
              FileChannel.open(
                  Files.createTempFile("mechinterp-graph", ".rows"),
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.DELETE_ON_CLOSE));
    }
    return file.orElseThrow();
  }

  @Override
  public void close() {
    try {
      if (file.isPresent()) {
        file.get().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
