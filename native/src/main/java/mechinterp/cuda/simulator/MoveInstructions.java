package mechinterp.cuda.simulator;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/** Moves, conversions between types, and between spaces of addresses. */
final class MoveInstructions {
  private MoveInstructions() {}

  static Operation decode(Decoding d) {
    return switch (d.opcode()) {
      case "mov" -> move(d);
      case "cvta" -> address(d);
      default -> conversion(d);
    };
  }

  private static Operation move(Decoding d) {
    d.allow();
    PtxType type = d.type();
    if (d.operand(0) instanceof PtxOperand.Vector(List<PtxOperand> parts)) {
      return unpack(d, type, parts);
    }
    if (d.operand(1) instanceof PtxOperand.Vector(List<PtxOperand> parts)) {
      return pack(d, type, parts);
    }
    return Operation.of(d.out(), d.in(1), type::truncate);
  }

  private static Operation unpack(Decoding d, PtxType type, List<PtxOperand> parts) {
    int width = type.bits() / parts.size();
    int from = d.in(1);
    int[] to = parts.stream().mapToInt(d::out).toArray();
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long value = warp.get(from, lane);
        for (int i = 0; i < to.length; i++) {
          warp.set(to[i], lane, (value >>> (i * width)) & ((1L << width) - 1));
        }
      }
    };
  }

  private static Operation pack(Decoding d, PtxType type, List<PtxOperand> parts) {
    int width = type.bits() / parts.size();
    int to = d.out();
    int[] from = parts.stream().mapToInt(d::in).toArray();
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long value = 0;
        for (int i = 0; i < from.length; i++) {
          value |= (warp.get(from[i], lane) & ((1L << width) - 1)) << (i * width);
        }
        warp.set(to, lane, value);
      }
    };
  }

  private static Operation address(Decoding d) {
    d.allow("to", "global", "shared", "local", "const", "param");
    long window = MemoryInstructions.space(d).window();
    boolean fromGeneric = d.has("to");
    return Operation.of(d.out(), d.in(1), a -> fromGeneric ? a - window : a + window);
  }

  private static Operation conversion(Decoding d) {
    d.allow("rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi", "ftz", "sat");
    int last = d.instruction().modifiers().size() - 1;
    PtxType to = d.type(last - 1);
    PtxType from = d.type(last);
    if (to == PtxType.BF16X2) {
      return pair(d, from);
    }
    Operation.Unary convert;
    if (!to.isFloat()) {
      convert = from.isFloat() ? toInteger(d, to, from) : between(d, to, from);
    } else if (from.isFloat()) {
      convert = toFloat(d, to, from);
    } else {
      convert = ofInteger(d, to, from);
    }
    return Operation.of(d.out(), d.in(1), convert);
  }

  /** Two floats as bfloat16, the first in the upper half. */
  private static Operation pair(Decoding d, PtxType from) {
    FloatFormat source = FloatFormat.of(d, from);
    FloatFormat half = FloatFormat.of(d, PtxType.BF16);
    requireNearest(d);
    return Operation.of(
        d.out(),
        d.in(1),
        d.in(2),
        (a, b) -> half.bits(source.value(a)) << 16 | half.bits(source.value(b)));
  }

  private static void requireNearest(Decoding d) {
    if (FloatRounding.of(d) != FloatRounding.NEAREST) {
      throw d.unsupported();
    }
  }

  private static Operation.Unary between(Decoding d, PtxType to, PtxType from) {
    if (d.has("sat")) {
      throw d.unsupported();
    }
    return a -> to.truncate(from.extend(a));
  }

  private static Operation.Unary toFloat(Decoding d, PtxType to, PtxType from) {
    FloatFormat source = FloatFormat.of(d, from);
    FloatFormat target = FloatFormat.of(d, to);
    FloatRounding rounding = FloatRounding.of(d);
    boolean whole = d.has("rni") || d.has("rzi") || d.has("rmi") || d.has("rpi");
    boolean saturate = d.has("sat");
    if (rounding != FloatRounding.NEAREST && to != PtxType.F32) {
      throw d.unsupported();
    }
    return a -> {
      double value = source.value(a);
      double rounded = whole ? whole(d, value) : value;
      long bits =
          rounding == FloatRounding.NEAREST
              ? target.bits(rounded)
              : target.bits(rounding.sum(rounded, 0));
      return saturate ? FloatInstructions.saturate(target, bits) : bits;
    };
  }

  private static double whole(Decoding d, double value) {
    if (d.has("rni")) {
      return Math.rint(value);
    }
    if (d.has("rmi")) {
      return Math.floor(value);
    }
    if (d.has("rpi")) {
      return Math.ceil(value);
    }
    return value < 0 ? Math.ceil(value) : Math.floor(value);
  }

  /** Numbers beyond the type's range become its ends, what is not a number becomes 0. */
  private static Operation.Unary toInteger(Decoding d, PtxType to, PtxType from) {
    FloatFormat source = FloatFormat.of(d, from);
    return a -> {
      double value = whole(d, source.value(a));
      if (to.bits() < Long.SIZE) {
        double least = to.isSigned() ? -Math.scalb(1.0, to.bits() - 1) : 0;
        double most = Math.scalb(1.0, to.isSigned() ? to.bits() - 1 : to.bits()) - 1;
        return to.truncate((long) Math.max(least, Math.min(value, most)));
      }
      return to.isSigned() ? (long) value : unsigned(value);
    };
  }

  private static long unsigned(double value) {
    double half = Math.scalb(1.0, Long.SIZE - 1);
    if (!(value > 0)) {
      return 0;
    }
    if (value < half) {
      return (long) value;
    }
    return value >= 2 * half ? -1 : (long) (value - half) ^ Long.MIN_VALUE;
  }

  private static Operation.Unary ofInteger(Decoding d, PtxType to, PtxType from) {
    FloatFormat target = FloatFormat.of(d, to);
    FloatRounding rounding = FloatRounding.of(d);
    if (from.bits() < Long.SIZE) {
      boolean nearest = rounding == FloatRounding.NEAREST;
      if (!nearest && to != PtxType.F32) {
        throw d.unsupported();
      }
      return a ->
          target.bits(nearest ? (double) from.extend(a) : rounding.sum((double) from.extend(a), 0));
    }
    requireNearest(d);
    return switch (to) {
      case F32 -> a -> target.bits(integer(from, a).floatValue());
      case F64 -> a -> target.bits(integer(from, a).doubleValue());
      default -> throw d.unsupported();
    };
  }

  private static BigDecimal integer(PtxType type, long register) {
    return new BigDecimal(
        type.isSigned()
            ? BigInteger.valueOf(register)
            : new BigInteger(Long.toUnsignedString(register)));
  }
}
