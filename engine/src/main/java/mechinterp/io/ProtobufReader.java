package mechinterp.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;

/**
 * Reads the fields of a protobuf message from a stream, without its schema. A message inside a
 * message is read by entering it; a length is believed only as far as the enclosing message
 * reaches, and memory is taken only as bytes arrive.
 *
 * <p>Source: https://protobuf.dev/programming-guides/encoding/.
 */
final class ProtobufReader {
  /** Ways in which the value of a field is written. */
  enum WireType {
    VARINT,
    FIXED64,
    BYTES,
    FIXED32
  }

  private static final int MAX_VARINT_BYTES = 10;
  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final String file;
  private final InputStream in;
  private long position;
  private long limit = NO_LIMIT;
  private int field;
  private WireType wireType = WireType.VARINT;

  ProtobufReader(String file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  /** Reads a message's fields; called once for each field and must consume its value. */
  interface FieldReader {
    void read(int field) throws IOException;
  }

  /** Reads the fields of the outermost message up to the end of the stream. */
  void readAll(FieldReader fields) throws IOException {
    int first = in.read();
    while (first >= 0) {
      position++;
      readTag(first);
      fields.read(field);
      first = in.read();
    }
  }

  /** Reads the message that is the current field's value. */
  void readMessage(FieldReader fields) throws IOException {
    long outerLimit = enter();
    while (position < limit) {
      readTag(nextByte());
      fields.read(field);
    }
    limit = outerLimit;
  }

  /** Makes the current field's value the limit of what is read; returns the limit until now. */
  private long enter() throws IOException {
    long outerLimit = limit;
    long length = readLength();
    limit = position + length;
    return outerLimit;
  }

  WireType wireType() {
    return wireType;
  }

  /** Reads the current field's value as an integer. */
  long readVarint() throws IOException {
    require(WireType.VARINT);
    return varint(nextByte());
  }

  /** Reads the current field's value as text. */
  String readString() throws IOException {
    long start = position;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(readBytes())).toString();
    } catch (CharacterCodingException e) {
      throw failure(start, "field %d is not UTF-8".formatted(field), "text in UTF-8");
    }
  }

  /** Reads the current field's value as bytes. */
  byte[] readBytes() throws IOException {
    long length = readLength();
    if (length > Integer.MAX_VALUE - 8) {
      throw failure(position, "field %d has %d bytes".formatted(field, length), "less than 2 GiB");
    }
    return next((int) length);
  }

  /** Reads the four bytes of the current field's value. */
  byte[] readFixed32() throws IOException {
    require(WireType.FIXED32);
    return next(Integer.BYTES);
  }

  /** Reads the integers of a packed field, as many as its bytes hold. */
  void readPackedVarints(LongConsumer values) throws IOException {
    long outerLimit = enter();
    while (position < limit) {
      values.accept(varint(nextByte()));
    }
    limit = outerLimit;
  }

  /** Passes over the current field's value. */
  void skip() throws IOException {
    switch (wireType) {
      case VARINT -> varint(nextByte());
      case FIXED64 -> skipBytes(Long.BYTES);
      case FIXED32 -> skipBytes(Integer.BYTES);
      case BYTES -> skipBytes(readLength());
    }
  }

  /** Returns an error at the current place. */
  FormatException failure(String found, String expected) {
    return failure(position, found, expected);
  }

  private FormatException failure(long offset, String found, String expected) {
    return new FormatException(file, "byte %d: %s; expected %s".formatted(offset, found, expected));
  }

  private void readTag(int firstByte) throws IOException {
    long start = position - 1;
    long tag = varint(firstByte);
    long number = tag >>> 3;
    if (number == 0 || number > Integer.MAX_VALUE >> 2) {
      throw failure(start, "field number " + number, "a number from 1 to 536870911");
    }
    field = (int) number;
    wireType =
        switch ((int) tag & 7) {
          case 0 -> WireType.VARINT;
          case 1 -> WireType.FIXED64;
          case 2 -> WireType.BYTES;
          case 5 -> WireType.FIXED32;
          default ->
              throw failure(
                  start, "field %d has wire type %d".formatted(field, tag & 7), "0, 1, 2 or 5");
        };
  }

  private void require(WireType expected) throws FormatException {
    if (wireType != expected) {
      throw failure("field %d is written as %s".formatted(field, wireType), expected.toString());
    }
  }

  private long readLength() throws IOException {
    require(WireType.BYTES);
    long start = position;
    long length = varint(nextByte());
    if (length < 0 || length > limit - position) {
      throw failure(
          start,
          "field %d claims %s bytes".formatted(field, Long.toUnsignedString(length)),
          "at most what the enclosing message has left");
    }
    return length;
  }

  private long varint(int firstByte) throws IOException {
    long start = position - 1;
    long value = firstByte & 0x7f;
    int next = firstByte;
    for (int i = 1; (next & 0x80) != 0; i++) {
      if (i == MAX_VARINT_BYTES) {
        throw failure(start, "an integer of more than 10 bytes", "at most 10 bytes");
      }
      next = nextByte();
      value |= (long) (next & 0x7f) << (7 * i);
    }
    return value;
  }

  private int nextByte() throws IOException {
    if (position == limit) {
      throw failure("the enclosing message ends inside field " + field, "the rest of the field");
    }
    int value = in.read();
    if (value < 0) {
      throw failure("the file ends inside field " + field, "the rest of the field");
    }
    position++;
    return value;
  }

  private byte[] next(int count) throws IOException {
    requireRoom(count);
    byte[] bytes = in.readNBytes(count);
    position += bytes.length;
    requireWhole(bytes.length, count);
    return bytes;
  }

  private void skipBytes(long count) throws IOException {
    requireRoom(count);
    long skipped = 0;
    while (skipped < count) {
      long step = in.skip(count - skipped);
      if (step == 0 && in.read() < 0) {
        break;
      }
      skipped += step == 0 ? 1 : step;
    }
    position += skipped;
    requireWhole(skipped, count);
  }

  private void requireRoom(long count) throws FormatException {
    if (count > limit - position) {
      throw failure("the enclosing message ends inside field " + field, count + " bytes");
    }
  }

  private void requireWhole(long read, long count) throws FormatException {
    if (read < count) {
      throw failure(
          "the file ends after %d bytes of field %d".formatted(read, field), count + " bytes");
    }
  }
}
