package mechinterp.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * Writes a safetensors file: tensors are declared with their shapes, each with a source of its
 * numbers, which is asked when its turn comes; a source may hand them over in pieces, so that
 * memory stays bounded. The file appears whole or not at all.
 *
 * <p>The header is padded with spaces so that the data begins at a multiple of 8 bytes; data
 * follows in the order of declaration, little-endian, without gaps. The same tensors give the same
 * bytes.
 */
public final class SafetensorsWriter {
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final List<Source> sources = new ArrayList<>();
  private long dataBytes;

  /** Where a tensor's numbers come from. */
  @FunctionalInterface
  public interface Source {
    /** Hands all numbers of the tensor to {@code sink}, in one piece or many. */
    void writeTo(TensorSink sink) throws IOException;
  }

  /** Adds an entry of {@code __metadata__}. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /**
   * Adds a tensor whose numbers come when its turn does.
   *
   * @throws IllegalArgumentException when the name is taken or reserved, or a dimension is negative
   */
  public SafetensorsWriter tensor(String name, DType dtype, Source source, long... shape) {
    if (tensors.containsKey(name) || name.equals("__metadata__")) {
      throw new IllegalArgumentException(
          "safetensors: name \"" + name + "\" is taken; names must differ");
    }
    List<Long> dimensions = new ArrayList<>();
    long bytes = dtype.bytes();
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "safetensors: \"" + name + "\" has dimension " + dimension + "; it must be at least 0");
      }
      bytes = Math.multiplyExact(bytes, dimension);
      dimensions.add(dimension);
    }
    tensors.put(name, new TensorInfo(name, dtype, dimensions, dataBytes, dataBytes + bytes));
    sources.add(source);
    dataBytes += bytes;
    return this;
  }

  /** Adds a tensor of F32; the array is not copied. */
  public SafetensorsWriter floats(String name, float[] values, long... shape) {
    return tensor(name, DType.F32, sink -> sink.floats(values, 0, values.length), shape);
  }

  /** Adds a tensor of I32; the array is not copied. */
  public SafetensorsWriter ints(String name, int[] values, long... shape) {
    return tensor(name, DType.I32, sink -> sink.ints(values, 0, values.length), shape);
  }

  /** Adds a tensor of I64; the array is not copied. */
  public SafetensorsWriter longs(String name, long[] values, long... shape) {
    return tensor(name, DType.I64, sink -> sink.longs(values, 0, values.length), shape);
  }

  /** Returns the size of the file that {@link #write} makes, in bytes. */
  public long fileBytes() {
    return 8 + header().length + dataBytes;
  }

  /**
   * Writes the file, in place of one that may be there, and returns its CRC32C as {@code crc32c:}
   * and 8 hexadecimal digits.
   *
   * @throws IOException when the disk is full or refuses, or a source throws it
   * @throws IllegalArgumentException when a source hands over more or fewer numbers than its shape
   *     has
   */
  public String write(Path target) throws IOException {
    CRC32C crc = new CRC32C();
    AtomicFile.write(target, out -> writeTo(new CheckedOutputStream(out, crc)));
    return text(crc);
  }

  static String text(CRC32C crc) {
    return "crc32c:" + HexFormat.of().toHexDigits((int) crc.getValue());
  }

  /** Writes the same bytes to a stream. */
  public void writeTo(OutputStream out) throws IOException {
    byte[] header = header();
    byte[] length =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array();
    out.write(length);
    out.write(header);
    int turn = 0;
    for (TensorInfo tensor : tensors.values()) {
      TensorSink sink = new TensorSink(tensor, out);
      sources.get(turn).writeTo(sink);
      sink.finish();
      turn++;
    }
  }

  private byte[] header() {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      fields.put("__metadata__", metadata);
    }
    tensors.forEach((name, tensor) -> fields.put(name, fields(tensor)));
    byte[] json = Json.compact(fields).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static Map<String, Object> fields(TensorInfo tensor) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("dtype", tensor.dtype().name());
    fields.put("shape", tensor.shape());
    fields.put("data_offsets", List.of(tensor.begin(), tensor.end()));
    return fields;
  }
}
