package mechinterp.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The fields of a {@code TensorProto}, which may come in any order. Numbers are kept as
 * little-endian bytes, whichever of the three ways the file uses to write them.
 */
final class OnnxTensorReader {
  private static final int DIMS = 1;
  private static final int DATA_TYPE = 2;
  private static final int SEGMENT = 3;
  private static final int FLOAT_DATA = 4;
  private static final int INT64_DATA = 7;
  private static final int NAME = 8;
  private static final int RAW_DATA = 9;
  private static final int EXTERNAL_DATA = 13;

  private static final int MAX_DIMS = 32;

  private final String file;
  private final ProtobufReader reader;
  private final List<Long> dims = new ArrayList<>();
  private String name = "";
  private int dataType;
  private byte[] raw = {};
  private final ByteArrayOutputStream listed = new ByteArrayOutputStream();

  OnnxTensorReader(String file, ProtobufReader reader) {
    this.file = file;
    this.reader = reader;
  }

  /** Reads the tensor that is the current field's value. */
  void read() throws IOException {
    reader.readMessage(this::readField);
    checkSize();
  }

  String name() {
    return name;
  }

  /** Returns the tensor under a name. */
  OnnxTensor build(String tensorName) {
    List<Integer> shape = dims.stream().map(Math::toIntExact).toList();
    return new OnnxTensor(file, tensorName, shape, dataType, data());
  }

  private byte[] data() {
    return listed.size() > 0 ? listed.toByteArray() : raw;
  }

  private void readField(int field) throws IOException {
    switch (field) {
      case DIMS -> readVarints(dims::add);
      case DATA_TYPE -> dataType = (int) reader.readVarint();
      case NAME -> name = reader.readString();
      case RAW_DATA -> raw = reader.readBytes();
      case FLOAT_DATA -> listed.writeBytes(readFloats());
      case INT64_DATA -> readVarints(this::list);
      case SEGMENT, EXTERNAL_DATA ->
          throw reader.failure(
              "tensor %s keeps its numbers elsewhere".formatted(name), "numbers in this file");
      default -> reader.skip();
    }
  }

  private void readVarints(LongConsumer values) throws IOException {
    if (reader.wireType() == ProtobufReader.WireType.BYTES) {
      reader.readPackedVarints(values);
    } else {
      values.accept(reader.readVarint());
    }
  }

  private byte[] readFloats() throws IOException {
    return reader.wireType() == ProtobufReader.WireType.BYTES
        ? reader.readBytes()
        : reader.readFixed32();
  }

  private void list(long value) {
    listed.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  private void checkSize() throws FormatException {
    if (raw.length > 0 && listed.size() > 0) {
      throw reader.failure(
          "tensor %s has both raw and listed numbers".formatted(name), "one of the two");
    }
    long count = elements();
    int size = elementBytes();
    long bytes = raw.length + (long) listed.size();
    if (size > 0 && (count > Integer.MAX_VALUE / size || bytes != count * size)) {
      throw reader.failure(
          "tensor %s of shape %s has %d bytes of data".formatted(name, dims, bytes),
          "%d bytes for each element, less than 2 GiB".formatted(size));
    }
  }

  private int elementBytes() {
    return switch (dataType) {
      case OnnxTensor.FLOAT -> Float.BYTES;
      case OnnxTensor.INT64 -> Long.BYTES;
      default -> 0;
    };
  }

  private long elements() throws FormatException {
    if (dims.size() > MAX_DIMS) {
      throw reader.failure(
          "tensor %s has %d dimensions".formatted(name, dims.size()), "at most " + MAX_DIMS);
    }
    long count = 1;
    for (long dim : dims) {
      if (dim < 0 || dim > Integer.MAX_VALUE || count > Integer.MAX_VALUE) {
        throw reader.failure(
            "tensor %s has shape %s".formatted(name, dims),
            "dimensions of less than 2^31 elements");
      }
      count *= dim;
    }
    return count;
  }
}
