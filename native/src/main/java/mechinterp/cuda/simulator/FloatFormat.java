package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxType;

/**
 * A floating-point type and whether subnormal numbers count as zero. Results are computed in double
 * and rounded once more, which for sums, products, quotients and roots of floats is the correctly
 * rounded float (Figueroa 1995).
 *
 * @param type f16, bf16, f32 or f64
 * @param flush whether {@code .ftz} was there
 */
record FloatFormat(PtxType type, boolean flush) {
  private static final int BFLOAT_SHIFT = 16;

  static FloatFormat of(Decoding d, PtxType type) {
    return switch (type) {
      case F16, BF16, F32, F64 -> new FloatFormat(type, d.has("ftz") && type == PtxType.F32);
      default -> throw d.unsupported();
    };
  }

  boolean isSingle() {
    return type == PtxType.F32;
  }

  /** The number that a register holds. */
  double value(long register) {
    return switch (type) {
      case F16 -> Float.float16ToFloat((short) register);
      case BF16 -> Float.intBitsToFloat((int) register << BFLOAT_SHIFT);
      case F32 -> flushed(Float.intBitsToFloat((int) register));
      default -> Double.longBitsToDouble(register);
    };
  }

  /** The register that holds the number, rounded to nearest, ties to even. */
  long bits(double value) {
    return switch (type) {
      case F16 -> Short.toUnsignedLong(Float.floatToFloat16((float) value));
      case BF16 -> bfloat((float) value);
      case F32 -> Integer.toUnsignedLong(Float.floatToRawIntBits(flushed((float) value)));
      default -> Double.doubleToRawLongBits(value);
    };
  }

  private float flushed(float value) {
    return flush && Math.abs(value) < Float.MIN_NORMAL ? Math.copySign(0f, value) : value;
  }

  private static long bfloat(float value) {
    if (Float.isNaN(value)) {
      return 0x7FFF;
    }
    int bits = Float.floatToRawIntBits(value);
    int roundUp = 0x7FFF + (bits >>> BFLOAT_SHIFT & 1);
    return (((long) bits + roundUp) >>> BFLOAT_SHIFT) & 0xFFFF;
  }
}
