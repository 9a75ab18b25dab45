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
import mechinterp.io.AtomicFile;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorInfo;

/**
 * Writes a state_dict as {@code torch.load} reads it, with {@code weights_only} too: an OrderedDict
 * of tensors, each with a storage of its own, and of plain values. The same give the same bytes.
 * Each source is asked twice: zip archives want the checksum of a member before its bytes.
 */
public final class TorchWriter {
  private static final String FOLDER = "archive/";

  private final PlannedTensors tensors = new PlannedTensors();
  private final Map<String, Object> values = new LinkedHashMap<>();

  /**
   * Adds a tensor whose numbers come when its turn does.
   *
   * @param dtype F32, I32 or I64
   * @throws IllegalArgumentException when the name is taken, or the type is another one
   */
  public TorchWriter tensor(
      String name, DType dtype, SafetensorsWriter.Source source, long... shape) {
    storageType(dtype);
    tensors.add(name, dtype, source, shape);
    return this;
  }

  /** Adds a text that is no tensor, behind all tensors. */
  public TorchWriter text(String name, String value) {
    values.put(name, value);
    return this;
  }

  /**
   * Adds a dict, behind all tensors.
   *
   * @param items texts and whole numbers
   */
  public TorchWriter dict(String name, Map<String, Object> items) {
    values.put(name, new LinkedHashMap<>(items));
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
    try (StoredMembers members = new StoredMembers(out)) {
      members.add(FOLDER + "data.pkl", pickle());
      members.add(FOLDER + "byteorder", bytes("little"));
      int key = 0;
      for (PlannedTensors.Planned tensor : tensors.all()) {
        members.add(FOLDER + "data/" + key, new byte[0], tensor);
        key++;
      }
      members.add(FOLDER + "version", bytes("3\n"));
    }
  }

  private byte[] pickle() {
    Pickle pickle = new Pickle();
    pickle.code("\u0080\u0002").global("collections", "OrderedDict").code(")R(");
    int key = 0;
    for (PlannedTensors.Planned planned : tensors.all()) {
      TensorInfo tensor = planned.info();
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
    values.forEach((name, value) -> pickle.text(name).value(value));
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

    Pickle value(Object value) {
      switch (value) {
        case String text -> text(text);
        case Integer number -> whole(number);
        case Map<?, ?> items -> {
          code("}(");
          items.forEach((name, item) -> text(name.toString()).value(item));
          code("u");
        }
        default ->
            throw new IllegalArgumentException(
                "value: is %s; it must be a text or a whole number".formatted(value));
      }
      return this;
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
