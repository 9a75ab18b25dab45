package mechinterp.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes ONNX models for tests: protobuf by hand, independent of the reader. */
public final class OnnxBytes {
  private final ByteArrayOutputStream graph = new ByteArrayOutputStream();

  /** Adds an initializer of floats in raw form. */
  public OnnxBytes floats(String name, float[] values, int... shape) {
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    graph.writeBytes(bytes(5, tensor(name, 1, shape, bytes(9, raw.array()))));
    return this;
  }

  /** Adds an initializer of floats in the form of a packed list. */
  OnnxBytes listedFloats(String name, float[] values, int... shape) {
    ByteBuffer list = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    list.asFloatBuffer().put(values);
    graph.writeBytes(bytes(5, tensor(name, 1, shape, bytes(4, list.array()))));
    return this;
  }

  /** Adds an initializer of 64-bit integers in the form of a packed list. */
  OnnxBytes listedLongs(String name, long[] values, int... shape) {
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    for (long value : values) {
      list.writeBytes(varint(value));
    }
    graph.writeBytes(bytes(5, tensor(name, 7, shape, bytes(7, list.toByteArray()))));
    return this;
  }

  /** Adds an initializer from parts. */
  OnnxBytes initializer(byte[]... parts) {
    graph.writeBytes(bytes(5, join(parts)));
    return this;
  }

  /** Adds a node. */
  public OnnxBytes node(String name, String opType, List<String> inputs, List<String> outputs) {
    graph.writeBytes(bytes(1, nodeFields(name, opType, inputs, outputs)));
    return this;
  }

  /** Adds a Constant node with a tensor of one 64-bit integer. */
  public OnnxBytes constant(String output, long value) {
    ByteBuffer raw = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
    return constant(output, tensor("", 7, new int[] {1}, bytes(9, raw.array())));
  }

  /** Adds a Constant node with a tensor of a single float, without dimensions. */
  public OnnxBytes constant(String output, float value) {
    ByteBuffer raw = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value);
    return constant(output, tensor("", 1, new int[0], bytes(9, raw.array())));
  }

  private OnnxBytes constant(String output, byte[] tensor) {
    byte[] attribute = join(text(1, "value"), bytes(5, tensor), number(20, 4));
    byte[] fields = nodeFields("/" + output, "Constant", List.of(), List.of(output));
    graph.writeBytes(bytes(1, join(fields, bytes(5, attribute))));
    return this;
  }

  /** Returns the model. */
  public byte[] build() {
    return join(number(1, 7), text(2, "test"), bytes(7, graph.toByteArray()));
  }

  private static byte[] nodeFields(
      String name, String opType, List<String> inputs, List<String> outputs) {
    ByteArrayOutputStream node = new ByteArrayOutputStream();
    inputs.forEach(input -> node.writeBytes(text(1, input)));
    outputs.forEach(output -> node.writeBytes(text(2, output)));
    node.writeBytes(text(3, name));
    node.writeBytes(text(4, opType));
    return node.toByteArray();
  }

  private static byte[] tensor(String name, int dataType, int[] shape, byte[] data) {
    ByteArrayOutputStream tensor = new ByteArrayOutputStream();
    for (int dim : shape) {
      tensor.writeBytes(number(1, dim));
    }
    tensor.writeBytes(number(2, dataType));
    tensor.writeBytes(text(8, name));
    tensor.writeBytes(data);
    return tensor.toByteArray();
  }

  static byte[] number(int field, long value) {
    return join(varint((long) field << 3), varint(value));
  }

  static byte[] text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] bytes(int field, byte[] value) {
    return join(varint(((long) field << 3) | 2), varint(value.length), value);
  }

  static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] varint(long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
    return out.toByteArray();
  }
}
