package mechinterp.io;

import java.nio.ByteBuffer;

/**
 * The kinds of numbers in a file, by the names that safetensors gives them. They exist at file
 * boundaries only; inside, numbers are float, int or long.
 */
public enum DType {
  /** True or false, one byte. */
  BOOL(1),
  /** Unsigned, 8 bits. */
  U8(1),
  /** Signed, 8 bits. */
  I8(1),
  /** Float of 8 bits, 4 of them the exponent. */
  F8_E4M3(1),
  /** Float of 8 bits, 5 of them the exponent. */
  F8_E5M2(1),
  /** Signed, 16 bits. */
  I16(2),
  /** Unsigned, 16 bits. */
  U16(2),
  /** IEEE 754 half precision. */
  F16(2),
  /** The upper half of an {@link #F32}. */
  BF16(2),
  /** Signed, 32 bits. */
  I32(4),
  /** Unsigned, 32 bits. */
  U32(4),
  /** IEEE 754 single precision. */
  F32(4),
  /** Signed, 64 bits. */
  I64(8),
  /** Unsigned, 64 bits. */
  U64(8),
  /** IEEE 754 double precision. */
  F64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the size of one number in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Returns whether {@link SafetensorsFile#floats} reads it: F32, F16, BF16 and F64. */
  public boolean isFloat() {
    return switch (this) {
      case F32, F16, BF16, F64 -> true;
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, I32, U32, I64, U64 -> false;
    };
  }

  /** Returns the float whose upper 16 bits these are. */
  static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Returns the upper 16 bits of the nearest bfloat16, ties to even; a NaN stays a NaN. */
  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Appends a float, rounded to this type. */
  void put(ByteBuffer to, float value) {
    switch (this) {
      case F32 -> to.putFloat(value);
      case F16 -> to.putShort(Float.floatToFloat16(value));
      case BF16 -> to.putShort(toBfloat16(value));
      case F64 -> to.putDouble(value);
      case BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, I32, U32, I64, U64 ->
          throw new IllegalArgumentException(
              "dtype is " + this + "; floats need F32, F16, BF16 or F64");
    }
  }
}
