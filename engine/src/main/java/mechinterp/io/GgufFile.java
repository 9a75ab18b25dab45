package mechinterp.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import mechinterp.io.GgmlEncoding.Plain;
import mechinterp.io.GgmlEncoding.Quantized;
import mechinterp.io.GgmlEncoding.Unreadable;

/**
 * A GGUF file (version 2 or 3, little-endian), mapped into memory: opening reads and checks
 * metadata and the places of the tensors; numbers become floats when they are asked for. Files may
 * be larger than 2 GiB. Safe for several threads, until {@link #close}.
 *
 * <p>Source: docs/gguf.md of ggml-org/ggml.
 */
public final class GgufFile implements AutoCloseable {
  private static final int BLOCKS_AT_ONCE = 128;

  private final Path path;
  private final Arena arena;
  private final GgufHeader header;
  private final MemorySegment data;

  private GgufFile(Path path, Arena arena, GgufHeader header, MemorySegment data) {
    this.path = path;
    this.arena = arena;
    this.header = header;
    this.data = data;
  }

  /**
   * Opens a file and checks all but the numbers: version, keys and names that stand there once,
   * texts in UTF-8, tensors that lie within the file without overlap. A tensor of a type that is
   * not supported is refused only when it is read.
   *
   * @throws FormatException when the content is not GGUF, with the byte and field at fault
   * @throws IOException when the file cannot be read
   */
  public static GgufFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    boolean complete = false;
    try {
      MemorySegment content = MappedFile.map(path, arena);
      GgufHeader header = GgufHeader.parse(path.toString(), content);
      GgufFile opened = new GgufFile(path, arena, header, content.asSlice(header.dataBegin()));
      complete = true;
      return opened;
    } finally {
      if (!complete) {
        arena.close();
      }
    }
  }

  /** Returns the file. */
  public Path path() {
    return path;
  }

  /** Returns what the file says about its model. */
  public GgufMetadata metadata() {
    return header.metadata();
  }

  /** Returns the names of the tensors, in the file's order. */
  public Set<String> tensors() {
    return Collections.unmodifiableSet(header.tensors().keySet());
  }

  /**
   * Returns where and what a tensor is.
   *
   * @throws FormatException when there is no tensor of that name
   */
  public GgufTensor info(String name) throws FormatException {
    GgufTensor tensor = header.tensors().get(name);
    if (tensor == null) {
      throw new FormatException(
          path.toString(), "has no tensor \"" + name + "\"; its tensors are " + tensors());
    }
    return tensor;
  }

  /**
   * Returns all numbers of a tensor as floats.
   *
   * @throws FormatException when it is missing, is of a type that is not supported, or is too large
   *     for an array
   */
  public float[] floats(String name) throws FormatException {
    return floats(name, 0, info(name).rows());
  }

  /**
   * Returns {@code rows} rows of a tensor as floats, from row {@code firstRow} of its first
   * dimension on.
   *
   * @throws FormatException as {@link #floats(String)} does
   * @throws IndexOutOfBoundsException when there are no such rows
   */
  public float[] floats(String name, long firstRow, long rows) throws FormatException {
    GgufTensor tensor = info(name);
    Objects.checkFromIndexSize(firstRow, rows, tensor.rows());
    float[] values =
        new float
            [ArrayLimit.length(path.toString(), name, tensor.shape(), rows * tensor.rowSize())];
    readFloats(tensor, firstRow * tensor.rowSize(), values, 0, values.length);
    return values;
  }

  /**
   * Writes {@code count} numbers of a tensor, from number {@code first} on, into an array from
   * index {@code offset} on.
   *
   * @throws FormatException when it is of a type that is not supported
   * @throws IndexOutOfBoundsException when there are no such numbers, or no room for them
   */
  public void readFloats(GgufTensor tensor, long first, float[] to, int offset, int count)
      throws FormatException {
    Objects.checkFromIndexSize(first, count, tensor.size());
    Objects.checkFromIndexSize(offset, count, to.length);
    GgmlType type = tensor.type().orElseThrow(() -> unsupported(tensor));
    switch (type.encoding()) {
      case Plain(DType dtype) ->
          PlainFloats.copy(
              dtype,
              data.asSlice(tensor.offset() + first * dtype.bytes(), (long) count * dtype.bytes()),
              to,
              offset,
              count);
      case Quantized encoding ->
          new BlockReader(type, encoding, tensor.offset()).read(first, to, offset, count);
      case Unreadable _ -> throw unsupported(tensor);
    }
  }

  /** Unmaps the file; reading afterwards is an {@link IllegalStateException}. */
  @Override
  public void close() {
    arena.close();
  }

  private FormatException unsupported(GgufTensor tensor) {
    return new FormatException(
        path.toString(),
        "tensor \"%s\" is %s; supported are %s"
            .formatted(tensor.name(), tensor.typeName(), GgmlType.readableNames()));
  }

  /** Copies some blocks at a time out of the mapping and decodes them. */
  private final class BlockReader {
    private final int size;
    private final int bytes;
    private final Quantized encoding;
    private final long begin;
    private final byte[] blocks;

    BlockReader(GgmlType type, Quantized encoding, long begin) {
      this.size = type.blockSize();
      this.bytes = type.blockBytes();
      this.encoding = encoding;
      this.begin = begin;
      this.blocks = new byte[BLOCKS_AT_ONCE * bytes];
    }

    void read(long first, float[] to, int offset, int count) {
      long end = first + count;
      long at = first;
      while (at < end) {
        long block = at / size;
        int present = (int) Math.min(BLOCKS_AT_ONCE, Math.ceilDiv(end, size) - block);
        MemorySegment.copy(
            data, ValueLayout.JAVA_BYTE, begin + block * bytes, blocks, 0, present * bytes);
        for (int i = 0; i < present; i++) {
          at += decode(i, (int) (at % size), to, (int) (offset + at - first), end - at);
        }
      }
    }

    /** Returns how many numbers of the block were wanted. */
    private int decode(int block, int skip, float[] to, int offset, long wanted) {
      int count = (int) Math.min(size - skip, wanted);
      if (count == size) {
        encoding.decode(blocks, block * bytes, to, offset);
      } else {
        float[] whole = new float[size];
        encoding.decode(blocks, block * bytes, whole, 0);
        System.arraycopy(whole, skip, to, offset, count);
      }
      return count;
    }
  }
}
