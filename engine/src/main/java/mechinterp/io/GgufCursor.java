package mechinterp.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads the head of a GGUF file from its beginning on. No length is believed before the bytes that
 * it speaks of are there.
 */
final class GgufCursor {
  /** The largest head that is read, in bytes: hundreds of thousands of tokens need a tenth. */
  static final long LARGEST_HEAD = 100_000_000;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String file;
  private final MemorySegment bytes;
  private final long limit;
  private long position;
  private String field = "";

  GgufCursor(String file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
    this.limit = Math.min(bytes.byteSize(), LARGEST_HEAD);
  }

  long position() {
    return position;
  }

  /** Names what is read from here on, for messages. */
  void enter(String name) {
    field = name;
  }

  byte int8() throws FormatException {
    return bytes.get(BYTE, advance(1));
  }

  short int16() throws FormatException {
    return bytes.get(SHORT, advance(2));
  }

  int int32() throws FormatException {
    return bytes.get(INT, advance(4));
  }

  long int64() throws FormatException {
    return bytes.get(LONG, advance(8));
  }

  /**
   * Reads an unsigned number of 64 bits.
   *
   * @throws FormatException when it is 2^63 or more
   */
  long uint64() throws FormatException {
    long begin = position;
    long value = int64();
    if (value < 0) {
      throw problemAt(
          begin, "is " + Long.toUnsignedString(value) + "; less than 2^63 is supported");
    }
    return value;
  }

  /** Reads how many items follow, each of which takes {@code itemBytes} bytes or more. */
  int count(String items, long itemBytes) throws FormatException {
    long begin = position;
    long count = int64();
    long room = limit - position;
    if (count < 0 || count > room / itemBytes) {
      throw problemAt(
          begin,
          "says %s %s; there is room for %d in %s"
              .formatted(Long.toUnsignedString(count), items, room / itemBytes, rest()));
    }
    return (int) count;
  }

  /** Reads a length and as many bytes of UTF-8. */
  String text() throws FormatException {
    int length = count("bytes of text", 1);
    long begin = advance(length);
    ByteBuffer utf8 = bytes.asSlice(begin, length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(file, at(begin) + "text is not UTF-8", e);
    }
  }

  FormatException problemAt(long begin, String problem) {
    return new FormatException(file, at(begin) + problem);
  }

  private long advance(long count) throws FormatException {
    if (count > limit - position) {
      throw problemAt(position, "%d bytes are needed, there are %s".formatted(count, rest()));
    }
    long begin = position;
    position += count;
    return begin;
  }

  private String rest() {
    return limit == bytes.byteSize()
        ? "the %d bytes that are left; it is truncated".formatted(limit - position)
        : "the %d bytes left of the %d that its head may have"
            .formatted(limit - position, LARGEST_HEAD);
  }

  private String at(long begin) {
    return "byte %d, %s: ".formatted(begin, field);
  }
}
