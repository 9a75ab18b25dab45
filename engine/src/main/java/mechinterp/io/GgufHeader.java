package mechinterp.io;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and checks what stands before the numbers in a GGUF file: version, metadata and tensors.
 *
 * <p>Source: docs/gguf.md of ggml-org/ggml and ggml/src/gguf.cpp of ggml-org/llama.cpp.
 */
final class GgufHeader {
  private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST_KEY = 65535;
  private static final int MOST_DIMENSIONS = 4;
  private static final int SMALLEST_ENTRY = 13;
  private static final int SMALLEST_TENSOR = 24;
  private static final String ALIGNMENT = "general.alignment";
  private static final int DEFAULT_ALIGNMENT = 32;

  private final String file;
  private final GgufCursor cursor;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
  private long dataBegin;

  private GgufHeader(String file, MemorySegment content) {
    this.file = file;
    this.cursor = new GgufCursor(file, content);
    this.metadata = new GgufMetadata(file, values);
  }

  static GgufHeader parse(String file, MemorySegment content) throws FormatException {
    GgufHeader header = new GgufHeader(file, content);
    header.readVersion();
    header.cursor.enter("number of tensors");
    int tensorCount = header.cursor.count("tensors", SMALLEST_TENSOR);
    header.cursor.enter("number of metadata");
    int metadataCount = header.cursor.count("metadata", SMALLEST_ENTRY);
    for (int i = 0; i < metadataCount; i++) {
      header.readMetadata(i);
    }
    for (int i = 0; i < tensorCount; i++) {
      header.readTensor(i);
    }
    header.placeData(content.byteSize());
    return header;
  }

  GgufMetadata metadata() {
    return metadata;
  }

  Map<String, GgufTensor> tensors() {
    return tensors;
  }

  /** Returns where the data begins, at the end of the file if there is none. */
  long dataBegin() {
    return dataBegin;
  }

  private void readVersion() throws FormatException {
    cursor.enter("magic");
    for (byte letter : MAGIC) {
      if (cursor.int8() != letter) {
        throw cursor.problemAt(0, "is not GGUF; a GGUF file begins with these letters");
      }
    }
    cursor.enter("version");
    long begin = cursor.position();
    int version = cursor.int32();
    if ((version & 0xffff) == 0) {
      throw cursor.problemAt(begin, "numbers are big-endian; little-endian is supported");
    }
    if (version != 2 && version != 3) {
      throw cursor.problemAt(
          begin, "is " + Integer.toUnsignedString(version) + "; 2 and 3 are supported");
    }
  }

  private void readMetadata(int index) throws FormatException {
    cursor.enter("key of metadata " + index);
    long begin = cursor.position();
    String key = cursor.text();
    if (key.isEmpty() || key.length() > LONGEST_KEY) {
      throw cursor.problemAt(
          begin, "has %d characters; 1 to %d are allowed".formatted(key.length(), LONGEST_KEY));
    }
    cursor.enter("metadata " + key);
    if (values.containsKey(key)) {
      throw cursor.problemAt(begin, "is there twice");
    }
    values.put(key, new GgufValueReader(cursor).read());
  }

  private void readTensor(int index) throws FormatException {
    cursor.enter("name of tensor " + index);
    long begin = cursor.position();
    String name = cursor.text();
    cursor.enter("tensor \"" + name + "\"");
    if (tensors.containsKey(name)) {
      throw cursor.problemAt(begin, "is there twice");
    }
    List<Long> shape = readShape();
    int type = cursor.int32();
    long offset = cursor.uint64();
    GgufTensor tensor = new GgufTensor(name, shape, type, offset);
    requireCountable(tensor, begin);
    tensors.put(name, tensor);
  }

  private List<Long> readShape() throws FormatException {
    long begin = cursor.position();
    int dimensions = cursor.int32();
    if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
      throw cursor.problemAt(
          begin,
          "has %s dimensions; at most %d are allowed"
              .formatted(Integer.toUnsignedString(dimensions), MOST_DIMENSIONS));
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      shape.addFirst(cursor.uint64());
    }
    return shape;
  }

  /** Checks that the numbers can be counted and that rows hold whole blocks. */
  private void requireCountable(GgufTensor tensor, long begin) throws FormatException {
    try {
      Math.multiplyExact(tensor.size(), Double.BYTES);
    } catch (ArithmeticException e) {
      throw new FormatException(
          file,
          "tensor \"%s\": shape %s has more than 2^63 bytes"
              .formatted(tensor.name(), tensor.shape()),
          e);
    }
    long row = tensor.shape().isEmpty() ? 1 : tensor.shape().getLast();
    int block = tensor.type().map(GgmlType::blockSize).orElse(1);
    if (row % block != 0) {
      throw cursor.problemAt(
          begin,
          "shape %s has rows of %d; %s needs a multiple of %d"
              .formatted(tensor.shape(), row, tensor.typeName(), block));
    }
  }

  private void placeData(long fileBytes) throws FormatException {
    int alignment = metadata.integer(ALIGNMENT, DEFAULT_ALIGNMENT);
    if (alignment < 1 || Integer.bitCount(alignment) != 1) {
      throw new FormatException(
          file, "metadata %s is %d; it must be a power of 2".formatted(ALIGNMENT, alignment));
    }
    long end = cursor.position();
    dataBegin = Math.min(fileBytes, end + Math.floorMod(-end, alignment));
    requireInside(fileBytes - dataBegin, alignment);
  }

  /** Checks that tensors lie within the data, where they must, without overlap. */
  private void requireInside(long dataBytes, int alignment) throws FormatException {
    long taken = 0;
    List<GgufTensor> inOrder = new ArrayList<>(tensors.values());
    inOrder.sort(Comparator.comparingLong(GgufTensor::offset).thenComparingLong(GgufHeader::bytes));
    for (GgufTensor tensor : inOrder) {
      if (tensor.offset() % alignment != 0) {
        throw problem(tensor, "it must be a multiple of " + alignment);
      }
      if (tensor.offset() < taken) {
        throw problem(tensor, "the tensor before it ends at " + taken);
      }
      if (bytes(tensor) > dataBytes - tensor.offset()) {
        throw problem(
            tensor,
            "%s %s has %d bytes, the file %d bytes of data; it is truncated"
                .formatted(tensor.typeName(), tensor.shape(), bytes(tensor), dataBytes));
      }
      taken = tensor.offset() + bytes(tensor);
    }
  }

  private FormatException problem(GgufTensor tensor, String problem) {
    return new FormatException(
        file, "tensor \"%s\": offset is %d; %s".formatted(tensor.name(), tensor.offset(), problem));
  }

  /** Of a type that is not known, nothing is known but that the tensor is there. */
  private static long bytes(GgufTensor tensor) {
    return tensor
        .type()
        .map(type -> tensor.size() / type.blockSize() * type.blockBytes())
        .orElse(0L);
  }
}
