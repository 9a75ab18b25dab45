package mechinterp.io.archive;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import mechinterp.io.FormatException;

/**
 * A file in a zip archive.
 *
 * @param source the archive's name, for messages
 * @param name the member's name
 * @param deflated whether it is compressed
 * @param stored its bytes as they lie in the archive
 * @param size how many bytes it has when it is not compressed
 * @param crc the CRC-32 that the archive says they have
 */
record ZipMember(
    String source, String name, boolean deflated, MemorySegment stored, long size, int crc) {
  /** More cannot come out of deflated bytes, and an array cannot be longer. */
  static final int LARGEST_INFLATED = Integer.MAX_VALUE - 8;

  private static final int PIECE = 1 << 16;

  /**
   * Returns all bytes: those of the archive itself where they are not compressed, else inflated
   * ones in memory of the arena.
   *
   * @throws FormatException when the compressed bytes are damaged, or more than {@link
   *     #LARGEST_INFLATED} would come out
   */
  MemorySegment content(Arena arena) throws FormatException {
    if (!deflated) {
      return stored;
    }
    if (size > LARGEST_INFLATED) {
      throw failure(
          "is compressed and has %d bytes; at most %d can be inflated"
              .formatted(size, LARGEST_INFLATED));
    }
    MemorySegment content = arena.allocate(size);
    CRC32 sum = new CRC32();
    inflate((piece, begin, count) -> {
      if (count > size - begin) {
        throw failure("inflates to more than its %d bytes".formatted(size));
      }
      MemorySegment.copy(piece, 0, content, ValueLayout.JAVA_BYTE, begin, count);
      sum.update(piece, 0, count);
      return true;
    });
    if ((int) sum.getValue() != crc) {
      throw failure("has another CRC-32 than the archive says; it is damaged");
    }
    return content;
  }

  /**
   * Returns the first bytes, as many as there are up to {@code limit}.
   *
   * @throws FormatException when compressed bytes are damaged
   */
  byte[] beginning(int limit) throws FormatException {
    int length = (int) Math.min(limit, size);
    if (!deflated) {
      return stored.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
    byte[] beginning = new byte[length];
    inflate((piece, begin, count) -> {
      int copied = (int) Math.min(count, length - begin);
      System.arraycopy(piece, 0, beginning, (int) begin, copied);
      return begin + copied < length;
    });
    return beginning;
  }

  @FunctionalInterface
  private interface Pieces {
    /** Takes bytes that begin at {@code begin} of the content; returns whether more are wanted. */
    boolean take(byte[] piece, long begin, int count) throws FormatException;
  }

  private void inflate(Pieces pieces) throws FormatException {
    Inflater inflater = new Inflater(true);
    try {
      long produced = 0;
      long consumed = 0;
      byte[] piece = new byte[PIECE];
      while (!inflater.finished()) {
        int count = inflater.inflate(piece);
        if (count > 0) {
          if (!pieces.take(piece, produced, count)) {
            return;
          }
          produced += count;
        } else if (!inflater.finished()) {
          ByteBuffer input = input(consumed);
          consumed += input.remaining();
          inflater.setInput(input);
        }
      }
      if (produced != size) {
        throw failure("inflates to %d bytes; the archive says %d".formatted(produced, size));
      }
    } catch (DataFormatException e) {
      throw new FormatException(
          source, "member \"%s\" is no deflated data: %s".formatted(name, e.getMessage()), e);
    } finally {
      inflater.end();
    }
  }

  private ByteBuffer input(long from) throws FormatException {
    if (from == stored.byteSize()) {
      throw failure("is deflated data that ends too early");
    }
    return stored.asSlice(from, Math.min(PIECE, stored.byteSize() - from)).asByteBuffer();
  }

  FormatException failure(String problem) {
    return new FormatException(source, "member \"" + name + "\" " + problem);
  }
}
