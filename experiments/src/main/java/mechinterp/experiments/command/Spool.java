package mechinterp.experiments.command;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import mechinterp.io.TensorSink;

/**
 * Numbers that are written in one go and read back in another, when there may be too many for
 * memory: a temporary file that disappears when it is closed.
 */
final class Spool implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final DataOutputStream out;
  private long size;

  /** Makes an empty spool in a folder. */
  Spool(Path folder) throws IOException {
    file = Files.createTempFile(folder, ".mechinterp", ".tmp");
    out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), BUFFER));
  }

  void add(int number) throws IOException {
    out.writeInt(number);
    size++;
  }

  void add(float number) throws IOException {
    add(Float.floatToRawIntBits(number));
  }

  /** Returns how many numbers were added. */
  long size() {
    return size;
  }

  void replayInts(TensorSink sink) throws IOException {
    try (DataInputStream in = reopen()) {
      int[] piece = new int[BUFFER];
      for (long done = 0; done < size; done += piece.length) {
        int count = (int) Math.min(piece.length, size - done);
        for (int i = 0; i < count; i++) {
          piece[i] = in.readInt();
        }
        sink.ints(piece, 0, count);
      }
    }
  }

  void replayFloats(TensorSink sink) throws IOException {
    try (DataInputStream in = reopen()) {
      float[] piece = new float[BUFFER];
      for (long done = 0; done < size; done += piece.length) {
        int count = (int) Math.min(piece.length, size - done);
        for (int i = 0; i < count; i++) {
          piece[i] = in.readFloat();
        }
        sink.floats(piece, 0, count);
      }
    }
  }

  private DataInputStream reopen() throws IOException {
    out.flush();
    return new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER));
  }

  @Override
  public void close() throws IOException {
    try {
      out.close();
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
