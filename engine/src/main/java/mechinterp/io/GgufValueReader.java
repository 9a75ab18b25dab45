package mechinterp.io;

import java.util.ArrayList;
import java.util.List;

/** Reads a value of a GGUF file's metadata, which begins with the number of its kind. */
final class GgufValueReader {
  private static final int UINT8 = 0;
  private static final int INT8 = 1;
  private static final int UINT16 = 2;
  private static final int INT16 = 3;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;
  private static final int UINT64 = 10;
  private static final int INT64 = 11;
  private static final int FLOAT64 = 12;

  private final GgufCursor cursor;

  GgufValueReader(GgufCursor cursor) {
    this.cursor = cursor;
  }

  /** Returns the value as {@link GgufMetadata} holds it. */
  Object read() throws FormatException {
    long begin = cursor.position();
    int kind = cursor.int32();
    return switch (kind) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> wholeNumber(kind);
      case FLOAT32 -> Float.intBitsToFloat(cursor.int32());
      case FLOAT64 -> Double.longBitsToDouble(cursor.int64());
      case BOOL -> bool();
      case STRING -> cursor.text();
      case ARRAY -> array();
      default -> throw unknown(begin, kind);
    };
  }

  private FormatException unknown(long begin, int kind) {
    return cursor.problemAt(
        begin, "is of kind %s; kinds 0 to 12 are known".formatted(Integer.toUnsignedString(kind)));
  }

  private long wholeNumber(int kind) throws FormatException {
    return switch (kind) {
      case UINT8 -> Byte.toUnsignedLong(cursor.int8());
      case INT8 -> cursor.int8();
      case UINT16 -> Short.toUnsignedLong(cursor.int16());
      case INT16 -> cursor.int16();
      case UINT32 -> Integer.toUnsignedLong(cursor.int32());
      case INT32 -> cursor.int32();
      case UINT64 -> cursor.uint64();
      default -> cursor.int64();
    };
  }

  private boolean bool() throws FormatException {
    long begin = cursor.position();
    byte value = cursor.int8();
    if (value != 0 && value != 1) {
      throw cursor.problemAt(begin, "is %d; true is 1 and false is 0".formatted(value));
    }
    return value == 1;
  }

  private Object array() throws FormatException {
    long begin = cursor.position();
    int kind = cursor.int32();
    return switch (kind) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> wholeNumbers(kind);
      case FLOAT32 -> floats();
      case FLOAT64 -> doubles();
      case BOOL -> bools();
      case STRING -> texts();
      case ARRAY -> throw cursor.problemAt(begin, "is an array of arrays; none is supported");
      default -> throw unknown(begin, kind);
    };
  }

  private long[] wholeNumbers(int kind) throws FormatException {
    int itemBytes =
        switch (kind) {
          case UINT8, INT8 -> 1;
          case UINT16, INT16 -> 2;
          case UINT32, INT32 -> 4;
          default -> 8;
        };
    long[] numbers = new long[cursor.count("whole numbers", itemBytes)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = wholeNumber(kind);
    }
    return numbers;
  }

  private float[] floats() throws FormatException {
    float[] numbers = new float[cursor.count("floats", Float.BYTES)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Float.intBitsToFloat(cursor.int32());
    }
    return numbers;
  }

  private double[] doubles() throws FormatException {
    double[] numbers = new double[cursor.count("floats", Double.BYTES)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Double.longBitsToDouble(cursor.int64());
    }
    return numbers;
  }

  private boolean[] bools() throws FormatException {
    boolean[] flags = new boolean[cursor.count("true and false", 1)];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = bool();
    }
    return flags;
  }

  private List<String> texts() throws FormatException {
    int count = cursor.count("texts", Long.BYTES);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(cursor.text());
    }
    return List.copyOf(texts);
  }
}
