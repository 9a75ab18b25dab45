package mechinterp.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Floats that lie in a file one after another, little-endian, without any packing. */
public final class PlainFloats {
  private static final int NUMBERS_AT_ONCE = 4096;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PlainFloats() {}

  /**
   * Copies the first {@code count} numbers of a segment into an array from index {@code offset} on.
   *
   * @throws IllegalArgumentException when the type is not F32, F16, BF16 or F64
   */
  public static void copy(DType dtype, MemorySegment from, float[] to, int offset, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, FLOAT, 0, to, offset, count);
      case F16, BF16 -> copyHalves(dtype, from, to, offset, count);
      case F64 -> {
        for (int i = 0; i < count; i++) {
          to[offset + i] = (float) from.get(DOUBLE, 8L * i);
        }
      }
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, I32, U32, I64, U64 ->
          throw new IllegalArgumentException(wrongType(dtype));
    }
  }

  /**
   * Returns number {@code index} of a segment.
   *
   * @throws IllegalArgumentException when the type is not F32, F16, BF16 or F64
   */
  public static float get(DType dtype, MemorySegment from, long index) {
    return switch (dtype) {
      case F32 -> from.get(FLOAT, 4 * index);
      case F16 -> Float.float16ToFloat(from.get(SHORT, 2 * index));
      case BF16 -> DType.fromBfloat16(from.get(SHORT, 2 * index));
      case F64 -> (float) from.get(DOUBLE, 8 * index);
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, I32, U32, I64, U64 ->
          throw new IllegalArgumentException(wrongType(dtype));
    };
  }

  private static String wrongType(DType dtype) {
    return "dtype is " + dtype + "; floats need F32, F16, BF16 or F64";
  }

  /** By way of an array: loops between arrays are what the compiler turns into vectors. */
  private static void copyHalves(
      DType dtype, MemorySegment from, float[] to, int offset, int count) {
    short[] halves = new short[Math.min(count, NUMBERS_AT_ONCE)];
    for (int done = 0; done < count; done += halves.length) {
      int length = Math.min(halves.length, count - done);
      MemorySegment.copy(from, SHORT, 2L * done, halves, 0, length);
      if (dtype == DType.F16) {
        fromFloat16(halves, length, to, offset + done);
      } else {
        fromBfloat16(halves, length, to, offset + done);
      }
    }
  }

  private static void fromFloat16(short[] halves, int length, float[] to, int offset) {
    for (int i = 0; i < length; i++) {
      to[offset + i] = Float.float16ToFloat(halves[i]);
    }
  }

  private static void fromBfloat16(short[] halves, int length, float[] to, int offset) {
    for (int i = 0; i < length; i++) {
      to[offset + i] = DType.fromBfloat16(halves[i]);
    }
  }
}
