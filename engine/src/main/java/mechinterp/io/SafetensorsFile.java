package mechinterp.io;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A safetensors file, mapped into memory: opening reads the header and checks all of it; numbers
 * are read when they are asked for. Files may be larger than 2 GiB. Safe for several threads, until
 * {@link #close}.
 *
 * <p>Source: the format's description in the README of huggingface/safetensors.
 */
public final class SafetensorsFile implements TensorFile {
  /** The largest header that the format allows, in bytes. */
  public static final long LARGEST_HEADER = 100_000_000;

  private static final String FLOAT_TYPES = "F32, F16, BF16 or F64";
  private static final int LENGTH_BYTES = 8;
  private static final long CHECKSUM_PIECE = 1 << 30;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String source;
  private final Arena arena;
  private final MemorySegment file;
  private final MemorySegment data;
  private final SafetensorsHeader header;

  private SafetensorsFile(
      String source, Arena arena, MemorySegment file, long dataBegin, SafetensorsHeader header) {
    this.source = source;
    this.arena = arena;
    this.file = file;
    this.data = file.asSlice(dataBegin);
    this.header = header;
  }

  /**
   * Opens a file and checks its header: length, UTF-8, JSON without duplicate names, known dtypes,
   * shapes that fit their bytes, tensors that cover the data without overlap or hole.
   *
   * @throws FormatException when the content is not safetensors, with the field at fault
   * @throws IOException when the file cannot be read
   */
  public static SafetensorsFile open(Path path) throws IOException {
    return of(path.toString(), arena -> MappedFile.map(path, arena));
  }

  /**
   * Reads a stream to its end, such as a resource in a jar, and keeps its bytes in the heap; checks
   * what {@link #open} checks. At most 2 GiB.
   *
   * @param name what messages call it
   * @param in the bytes; not closed
   * @throws FormatException when the content is not safetensors, with the field at fault
   */
  public static SafetensorsFile read(String name, InputStream in) throws IOException {
    byte[] content = in.readAllBytes();
    return of(name, _ -> MemorySegment.ofArray(content));
  }

  @FunctionalInterface
  private interface Content {
    MemorySegment in(Arena arena) throws IOException;
  }

  private static SafetensorsFile of(String source, Content content) throws IOException {
    Arena arena = Arena.ofShared();
    boolean complete = false;
    try {
      MemorySegment file = content.in(arena);
      int headerBytes = headerBytes(source, file);
      long dataBegin = LENGTH_BYTES + (long) headerBytes;
      byte[] header = file.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
      SafetensorsHeader parsed =
          SafetensorsHeader.parse(source, header, file.byteSize() - dataBegin);
      SafetensorsFile opened = new SafetensorsFile(source, arena, file, dataBegin, parsed);
      complete = true;
      return opened;
    } finally {
      if (!complete) {
        arena.close();
      }
    }
  }

  private static int headerBytes(String source, MemorySegment file) throws FormatException {
    if (file.byteSize() < LENGTH_BYTES) {
      throw new FormatException(
          source,
          "has %d bytes; a safetensors file begins with the header's length in 8 bytes"
              .formatted(file.byteSize()));
    }
    long length = file.get(LONG, 0);
    if (length < 0 || length > LARGEST_HEADER) {
      throw new FormatException(
          source,
          "header length is %s bytes; at most %d are allowed"
              .formatted(Long.toUnsignedString(length), LARGEST_HEADER));
    }
    if (length > file.byteSize() - LENGTH_BYTES) {
      throw new FormatException(
          source,
          "header length is %d bytes, the file has %d after it; it is truncated"
              .formatted(length, file.byteSize() - LENGTH_BYTES));
    }
    return (int) length;
  }

  /** Returns the file's path, or the name that it was read by. */
  @Override
  public String source() {
    return source;
  }

  /** Returns the names of the tensors, in the header's order. */
  @Override
  public Set<String> tensors() {
    return Collections.unmodifiableSet(header.tensors().keySet());
  }

  /** Returns the header's {@code __metadata__}, empty when it has none. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  /** Returns the size of the data, without the header, in bytes. */
  public long dataBytes() {
    return data.byteSize();
  }

  /**
   * Returns where and what a tensor is.
   *
   * @throws FormatException when there is no tensor of that name
   */
  @Override
  public TensorInfo info(String name) throws FormatException {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new FormatException(
          source, "has no tensor \"" + name + "\"; its tensors are " + tensors());
    }
    return info;
  }

  /**
   * Returns all numbers of a tensor of F32, F16, BF16 or F64 (rounded to float).
   *
   * @throws FormatException when it is missing, is of another type or too large for an array
   */
  public float[] floats(String name) throws FormatException {
    return floats(name, 0, info(name).rows());
  }

  /**
   * Returns {@code rows} rows of a float tensor, from row {@code firstRow} of its first dimension
   * on.
   *
   * @throws FormatException as {@link #floats(String)} does
   * @throws IndexOutOfBoundsException when there are no such rows
   */
  public float[] floats(String name, long firstRow, long rows) throws FormatException {
    TensorInfo info = info(name);
    require(info, info.dtype().isFloat(), FLOAT_TYPES);
    Objects.checkFromIndexSize(firstRow, rows, info.rows());
    float[] values = new float[arrayLength(info, rows * info.rowSize())];
    readFloats(info, firstRow * info.rowSize(), values, 0, values.length);
    return values;
  }

  /**
   * Copies {@code count} numbers of a float tensor, from number {@code first} on, into an array
   * from index {@code offset} on.
   *
   * @throws IllegalArgumentException when it is not of F32, F16, BF16 or F64
   * @throws IndexOutOfBoundsException when there are no such numbers, or no room for them
   */
  @Override
  public void readFloats(TensorInfo info, long first, float[] to, int offset, int count) {
    MemorySegment from = part(info, first, count);
    Objects.checkFromIndexSize(offset, count, to.length);
    if (!info.dtype().isFloat()) {
      throw new IllegalArgumentException(wrongType(info, FLOAT_TYPES));
    }
    PlainFloats.copy(info.dtype(), from, to, offset, count);
  }

  /**
   * Copies {@code count} numbers of a tensor of I32, from number {@code first} on, into an array
   * from index {@code offset} on.
   *
   * @throws IllegalArgumentException when it is not of I32
   * @throws IndexOutOfBoundsException when there are no such numbers, or no room for them
   */
  public void readInts(TensorInfo info, long first, int[] to, int offset, int count) {
    if (info.dtype() != DType.I32) {
      throw new IllegalArgumentException(wrongType(info, "I32"));
    }
    MemorySegment.copy(part(info, first, count), INT, 0, to, offset, count);
  }

  /**
   * Returns all numbers of a tensor of I32.
   *
   * @throws FormatException when it is missing, is of another type or too large for an array
   */
  public int[] ints(String name) throws FormatException {
    TensorInfo info = info(name);
    require(info, info.dtype() == DType.I32, "I32");
    int[] values = new int[arrayLength(info, info.size())];
    readInts(info, 0, values, 0, values.length);
    return values;
  }

  /**
   * Returns all numbers of a tensor of I64.
   *
   * @throws FormatException when it is missing, is of another type or too large for an array
   */
  public long[] longs(String name) throws FormatException {
    TensorInfo info = info(name);
    require(info, info.dtype() == DType.I64, "I64");
    long[] values = new long[arrayLength(info, info.size())];
    MemorySegment.copy(part(info, 0, values.length), LONG, 0, values, 0, values.length);
    return values;
  }

  /**
   * Returns all numbers of a tensor of I8.
   *
   * @throws FormatException when it is missing, is of another type or too large for an array
   */
  public byte[] bytes(String name) throws FormatException {
    TensorInfo info = info(name);
    require(info, info.dtype() == DType.I8, "I8");
    byte[] values = new byte[arrayLength(info, info.size())];
    MemorySegment.copy(
        part(info, 0, values.length), ValueLayout.JAVA_BYTE, 0, values, 0, values.length);
    return values;
  }

  /** Returns the CRC32C of the whole file, as {@link SafetensorsWriter#write} returned it. */
  public String checksum() {
    CRC32C crc = new CRC32C();
    for (long from = 0; from < file.byteSize(); from += CHECKSUM_PIECE) {
      long count = Math.min(CHECKSUM_PIECE, file.byteSize() - from);
      crc.update(file.asSlice(from, count).asByteBuffer());
    }
    return SafetensorsWriter.text(crc);
  }

  /** Unmaps the file; reading it afterwards is an {@link IllegalStateException}. */
  @Override
  public void close() {
    arena.close();
  }

  private MemorySegment part(TensorInfo info, long first, int count) {
    Objects.checkFromIndexSize(first, count, info.size());
    int bytes = info.dtype().bytes();
    return data.asSlice(info.begin() + first * bytes, (long) count * bytes);
  }

  private int arrayLength(TensorInfo info, long size) throws FormatException {
    return ArrayLimit.length(source, info.name(), info.shape(), size);
  }

  private void require(TensorInfo info, boolean condition, String expected) throws FormatException {
    if (!condition) {
      throw new FormatException(source, wrongType(info, expected));
    }
  }

  private static String wrongType(TensorInfo info, String expected) {
    return "tensor \"" + info.name() + "\" is " + info.dtype() + "; it must be " + expected;
  }
}
