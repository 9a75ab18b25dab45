package mechinterp.io.archive;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import mechinterp.io.AtomicFile;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorInfo;
import mechinterp.io.TensorSink;

/**
 * Writes a state_dict as {@code torch.load} reads it, with {@code weights_only} too: an OrderedDict
 * of tensors, each with a storage of its own. The same tensors give the same bytes. Each source is
 * asked twice: zip archives want the checksum of a member before its bytes.
 */
public final class TorchWriter {
  private static final String FOLDER = "archive/";

  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final List<SafetensorsWriter.Source> sources = new ArrayList<>();

  /**
   * Adds a tensor whose numbers come when its turn does.
   *
   * @param dtype F32, I32 or I64
   * @throws IllegalArgumentException when the name is taken, or the type is another one
   */
  public TorchWriter tensor(
      String name, DType dtype, SafetensorsWriter.Source source, long... shape) {
    storageType(dtype);
    if (tensors.containsKey(name)) {
      throw new IllegalArgumentException(
          "tensor \"" + name + "\" is there already; names must differ");
    }
    List<Long> dimensions = new ArrayList<>();
    long bytes = dtype.bytes();
    for (long length : shape) {
      bytes = Math.multiplyExact(bytes, length);
      dimensions.add(length);
    }
    tensors.put(name, new TensorInfo(name, dtype, dimensions, 0, bytes));
    sources.add(source);
    return this;
  }

  /** Adds a whole number, as a tensor of I32 without dimensions. */
  public TorchWriter integer(String name, int value) {
    return tensor(name, DType.I32, sink -> sink.ints(new int[] {value}, 0, 1));
  }

  /**
   * Writes the file, in place of one that may be there; it appears whole or not at all.
   *
   * @throws IOException when the disk is full or refuses, or a source throws it
   * @throws IllegalArgumentException when a source hands over more or fewer numbers than its shape
   *     has
   */
  public void write(Path target) throws IOException {
    AtomicFile.write(target, this::writeTo);
  }

  private void writeTo(OutputStream out) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      add(zip, "data.pkl", pickle());
      add(zip, "byteorder", bytes("little"));
      int key = 0;
      for (TensorInfo tensor : tensors.values()) {
        addStorage(zip, "data/" + key, tensor, sources.get(key));
        key++;
      }
      add(zip, "version", bytes("3\n"));
    }
  }

  private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    begin(zip, name, content.length, crc);
    zip.write(content);
  }

  private static void addStorage(
      ZipOutputStream zip, String name, TensorInfo tensor, SafetensorsWriter.Source source)
      throws IOException {
    CRC32 crc = new CRC32();
    write(tensor, source, new CheckedOutputStream(OutputStream.nullOutputStream(), crc));
    begin(zip, name, tensor.end(), crc);
    write(tensor, source, zip);
  }

  private static void write(TensorInfo tensor, SafetensorsWriter.Source source, OutputStream out)
      throws IOException {
    TensorSink sink = new TensorSink(tensor, out);
    source.writeTo(sink);
    sink.finish();
  }

  private static void begin(ZipOutputStream zip, String name, long size, CRC32 crc)
      throws IOException {
    ZipEntry entry = new ZipEntry(FOLDER + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(size);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
  }

  private byte[] pickle() {
    Pickle pickle = new Pickle();
    pickle.code("\u0080\u0002").global("collections", "OrderedDict").code(")R(");
    int key = 0;
    for (TensorInfo tensor : tensors.values()) {
      List<Long> strides = new ArrayList<>();
      long stride = 1;
      for (long length : tensor.shape().reversed()) {
        strides.addFirst(stride);
        stride *= Math.max(1, length);
      }
      pickle.text(tensor.name()).global("torch._utils", "_rebuild_tensor_v2").code("((");
      pickle.text("storage").global("torch", storageType(tensor.dtype()));
      pickle.text(Integer.toString(key)).text("cpu").whole(tensor.size()).code("tQ").whole(0);
      pickle.tuple(tensor.shape()).tuple(strides);
      pickle.code("\u0089").global("collections", "OrderedDict").code(")RtR");
      key++;
    }
    return pickle.code("u.").toBytes();
  }

  private static String storageType(DType dtype) {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case I32 -> "IntStorage";
      case I64 -> "LongStorage";
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, F16, BF16, U32, U64, F64 ->
          throw new IllegalArgumentException(
              "dtype is " + dtype + "; tensors of F32, I32 and I64 can be written");
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Opcodes of protocol 2; see {@link PickleOpcode}. */
  private static final class Pickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickle code(String opcodes) {
      out.writeBytes(bytes(opcodes));
      return this;
    }

    Pickle global(String module, String name) {
      return code("c" + module + "\n" + name + "\n");
    }

    Pickle text(String text) {
      byte[] content = text.getBytes(StandardCharsets.UTF_8);
      code("X").little(Integer.BYTES, content.length);
      out.writeBytes(content);
      return this;
    }

    Pickle whole(long value) {
      return value == (int) value
          ? code("J").little(Integer.BYTES, value)
          : code("\u008a\u0008").little(Long.BYTES, value);
    }

    Pickle tuple(List<Long> values) {
      code("(");
      values.forEach(this::whole);
      return code("t");
    }

    private Pickle little(int count, long value) {
      byte[] content =
          ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
      out.write(content, 0, count);
      return this;
    }

    byte[] toBytes() {
      return out.toByteArray();
    }
  }
}
