package mechinterp.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A constant of an ONNX graph. Its numbers stay as the file's bytes until they are asked for.
 *
 * <p>Source: {@code TensorProto} of onnx.proto, https://github.com/onnx/onnx.
 */
public final class OnnxTensor {
  /** The element type's number for 32-bit floats in {@code TensorProto.DataType}. */
  static final int FLOAT = 1;

  /** The element type's number for 64-bit integers in {@code TensorProto.DataType}. */
  static final int INT64 = 7;

  private final String file;
  private final String name;
  private final List<Integer> shape;
  private final int dataType;
  private final byte[] littleEndian;

  OnnxTensor(String file, String name, List<Integer> shape, int dataType, byte[] littleEndian) {
    this.file = file;
    this.name = name;
    this.shape = List.copyOf(shape);
    this.dataType = dataType;
    this.littleEndian = littleEndian;
  }

  /** Returns the name under which nodes read it. */
  public String name() {
    return name;
  }

  /** Returns the dimensions, slowest first; empty for a single number. */
  public List<Integer> shape() {
    return shape;
  }

  /**
   * Returns the numbers in row-major order, in a new array.
   *
   * @throws FormatException when the tensor does not hold 32-bit floats
   */
  public float[] floats() throws FormatException {
    requireType(FLOAT, "32-bit floats");
    float[] values = new float[littleEndian.length / Float.BYTES];
    buffer().asFloatBuffer().get(values);
    return values;
  }

  /**
   * Returns the numbers in row-major order, in a new array.
   *
   * @throws FormatException when the tensor does not hold 64-bit integers
   */
  public long[] longs() throws FormatException {
    requireType(INT64, "64-bit integers");
    long[] values = new long[littleEndian.length / Long.BYTES];
    buffer().asLongBuffer().get(values);
    return values;
  }

  private ByteBuffer buffer() {
    return ByteBuffer.wrap(littleEndian).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void requireType(int wanted, String words) throws FormatException {
    if (dataType != wanted) {
      throw new FormatException(
          file,
          "tensor %s has ONNX data type %d; expected %d (%s)"
              .formatted(name, dataType, wanted, words));
    }
  }
}
