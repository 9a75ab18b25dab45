package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxType;

/** Integer arithmetic. */
final class IntegerInstructions {
  private IntegerInstructions() {}

  static Operation decode(Decoding d) {
    d.allow("lo", "hi", "wide");
    PtxType type = d.type();
    return switch (d.opcode()) {
      case "mul" -> Operation.of(d.out(), d.in(1), d.in(2), product(d, type));
      case "mad" -> {
        Operation.Binary product = product(d, type);
        PtxType sum = d.has("wide") ? wide(d, type) : type;
        yield Operation.of(
            d.out(), d.in(1), d.in(2), d.in(3), (a, b, c) -> sum.truncate(product.apply(a, b) + c));
      }
      case "abs" -> Operation.of(d.out(), d.in(1), a -> type.truncate(Math.abs(type.extend(a))));
      case "neg" -> Operation.of(d.out(), d.in(1), a -> type.truncate(-a));
      default -> Operation.of(d.out(), d.in(1), d.in(2), binary(d, type));
    };
  }

  private static Operation.Binary binary(Decoding d, PtxType type) {
    return switch (d.opcode()) {
      case "add" -> (a, b) -> type.truncate(a + b);
      case "sub" -> (a, b) -> type.truncate(a - b);
      case "div" -> (a, b) -> type.truncate(quotient(type, type.extend(a), type.extend(b)));
      case "rem" -> (a, b) -> type.truncate(remainder(type, type.extend(a), type.extend(b)));
      case "min" -> (a, b) -> type.truncate(compare(type, a, b) <= 0 ? a : b);
      case "max" -> (a, b) -> type.truncate(compare(type, a, b) >= 0 ? a : b);
      default -> throw d.unsupported();
    };
  }

  /** Compares two registers as integers of the type. */
  static int compare(PtxType type, long a, long b) {
    long left = type.extend(a);
    long right = type.extend(b);
    return type.isSigned() ? Long.compare(left, right) : Long.compareUnsigned(left, right);
  }

  private static long quotient(PtxType type, long a, long b) {
    checkDivisor(a, b);
    return type.isSigned() ? a / b : Long.divideUnsigned(a, b);
  }

  private static long remainder(PtxType type, long a, long b) {
    checkDivisor(a, b);
    return type.isSigned() ? a % b : Long.remainderUnsigned(a, b);
  }

  private static void checkDivisor(long a, long b) {
    if (b == 0) {
      throw new FaultException(Fault.DIVISION_BY_ZERO, a + " / 0");
    }
  }

  private static Operation.Binary product(Decoding d, PtxType type) {
    if (d.has("wide")) {
      PtxType wide = wide(d, type);
      return (a, b) -> wide.truncate(type.extend(a) * type.extend(b));
    }
    if (d.has("hi")) {
      return (a, b) -> type.truncate(upperHalf(type, type.extend(a), type.extend(b)));
    }
    return (a, b) -> type.truncate(type.extend(a) * type.extend(b));
  }

  private static long upperHalf(PtxType type, long a, long b) {
    if (type.bits() < Long.SIZE) {
      return (a * b) >> type.bits();
    }
    return type.isSigned() ? Math.multiplyHigh(a, b) : Math.unsignedMultiplyHigh(a, b);
  }

  private static PtxType wide(Decoding d, PtxType type) {
    return switch (type) {
      case U16 -> PtxType.U32;
      case S16 -> PtxType.S32;
      case U32 -> PtxType.U64;
      case S32 -> PtxType.S64;
      default -> throw d.unsupported();
    };
  }
}
