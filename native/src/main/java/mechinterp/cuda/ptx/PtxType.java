package mechinterp.cuda.ptx;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A fundamental type of PTX. A register holds a value as bits, extended with zeros. */
public enum PtxType {
  /** A predicate, 0 or 1. */
  PRED(8, Kind.BITS),
  /** Eight bits. */
  B8(8, Kind.BITS),
  /** An unsigned byte. */
  U8(8, Kind.UNSIGNED),
  /** A signed byte. */
  S8(8, Kind.SIGNED),
  /** Sixteen bits. */
  B16(16, Kind.BITS),
  /** An unsigned 16-bit integer. */
  U16(16, Kind.UNSIGNED),
  /** A signed 16-bit integer. */
  S16(16, Kind.SIGNED),
  /** An IEEE half. */
  F16(16, Kind.FLOAT),
  /** A bfloat16. */
  BF16(16, Kind.FLOAT),
  /** Thirty-two bits. */
  B32(32, Kind.BITS),
  /** An unsigned 32-bit integer. */
  U32(32, Kind.UNSIGNED),
  /** A signed 32-bit integer. */
  S32(32, Kind.SIGNED),
  /** An IEEE float. */
  F32(32, Kind.FLOAT),
  /** Two bfloat16, the first in the lower half. */
  BF16X2(32, Kind.FLOAT),
  /** Sixty-four bits. */
  B64(64, Kind.BITS),
  /** An unsigned 64-bit integer. */
  U64(64, Kind.UNSIGNED),
  /** A signed 64-bit integer. */
  S64(64, Kind.SIGNED),
  /** An IEEE double. */
  F64(64, Kind.FLOAT);

  private enum Kind {
    BITS,
    UNSIGNED,
    SIGNED,
    FLOAT
  }

  private static final Map<String, PtxType> BY_NAME =
      Stream.of(values()).collect(Collectors.toMap(PtxType::ptxName, type -> type));

  private final int bits;
  private final Kind kind;

  PtxType(int bits, Kind kind) {
    this.bits = bits;
    this.kind = kind;
  }

  /** Returns the type that PTX writes so, such as {@code u32}. */
  public static Optional<PtxType> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /** Returns PTX's name for it. */
  public String ptxName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns its width. */
  public int bits() {
    return bits;
  }

  /** Returns the bytes it takes in memory. */
  public int bytes() {
    return bits / Byte.SIZE;
  }

  /** Whether it is a signed integer. */
  public boolean isSigned() {
    return kind == Kind.SIGNED;
  }

  /** Whether it is a floating-point type. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Returns the lower bits of {@code value}, extended with zeros: how a register holds it. */
  public long truncate(long value) {
    return bits == Long.SIZE ? value : value & ((1L << bits) - 1);
  }

  /** Returns the integer that the lower bits of a register stand for. */
  public long extend(long register) {
    int unused = Long.SIZE - bits;
    return isSigned() ? register << unused >> unused : register << unused >>> unused;
  }
}
