package mechinterp.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes GGUF files for tests: byte by byte, right or wrong, independent of the reader. */
public final class GgufBytes {
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;

  private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
  private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private int version = 3;
  private int metadataCount;
  private int tensorCount;

  /** Sets the version. */
  GgufBytes version(int number) {
    version = number;
    return this;
  }

  /** Adds a text. */
  public GgufBytes string(String key, String value) {
    return metadata(key, STRING, text(value));
  }

  /** Adds an unsigned number of 32 bits. */
  public GgufBytes uint32(String key, int value) {
    return metadata(key, UINT32, int32(value));
  }

  /** Adds a float. */
  public GgufBytes float32(String key, float value) {
    return metadata(key, FLOAT32, int32(Float.floatToRawIntBits(value)));
  }

  /** Adds true or false. */
  public GgufBytes bool(String key, boolean value) {
    return metadata(key, BOOL, new byte[] {(byte) (value ? 1 : 0)});
  }

  /** Adds an array of texts. */
  public GgufBytes strings(String key, List<String> values) {
    byte[][] texts = values.stream().map(GgufBytes::text).toArray(byte[][]::new);
    return metadata(key, ARRAY, int32(STRING), int64(values.size()), OnnxBytes.join(texts));
  }

  /** Adds an array of floats. */
  public GgufBytes float32s(String key, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return metadata(key, ARRAY, int32(FLOAT32), int64(values.length), bytes.array());
  }

  /** Adds an array of whole numbers of 32 bits. */
  public GgufBytes int32s(String key, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return metadata(key, ARRAY, int32(INT32), int64(values.length), bytes.array());
  }

  /** Adds a value from parts. */
  GgufBytes metadata(String key, int kind, byte[]... parts) {
    metadata.writeBytes(OnnxBytes.join(text(key), int32(kind), OnnxBytes.join(parts)));
    metadataCount++;
    return this;
  }

  /** Adds a tensor of 32-bit floats; the shape is row-major as in PyTorch. */
  public GgufBytes floats(String name, float[] values, long... shape) {
    long[] reversed = new long[shape.length];
    for (int i = 0; i < shape.length; i++) {
      reversed[i] = shape[shape.length - 1 - i];
    }
    tensor(name, 0, data.size(), reversed);
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    data.writeBytes(bytes.array());
    data.writeBytes(new byte[Math.floorMod(-data.size(), 32)]);
    return this;
  }

  /** Adds a tensor of which only the head tells; dimensions in the file's order. */
  GgufBytes tensor(String name, int type, long offset, long... dimensions) {
    tensors.writeBytes(text(name));
    tensors.writeBytes(int32(dimensions.length));
    for (long dimension : dimensions) {
      tensors.writeBytes(int64(dimension));
    }
    tensors.writeBytes(int32(type));
    tensors.writeBytes(int64(offset));
    tensorCount++;
    return this;
  }

  /** Adds bytes of data. */
  GgufBytes data(int count) {
    data.writeBytes(new byte[count]);
    return this;
  }

  /** Returns the file. */
  public byte[] bytes() {
    byte[] head =
        OnnxBytes.join(
            "GGUF".getBytes(StandardCharsets.US_ASCII),
            int32(version),
            int64(tensorCount),
            int64(metadataCount),
            metadata.toByteArray(),
            tensors.toByteArray());
    byte[] padding = new byte[Math.floorMod(-head.length, 32)];
    return OnnxBytes.join(head, padding, data.toByteArray());
  }

  /** Writes the file. */
  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  static byte[] text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return OnnxBytes.join(int64(utf8.length), utf8);
  }

  static byte[] int32(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  static byte[] int64(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }
}
