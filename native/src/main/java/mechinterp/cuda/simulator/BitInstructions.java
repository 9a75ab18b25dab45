package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/** Logic, shifts, fields of bits. */
final class BitInstructions {
  private static final int WORD = Integer.SIZE;

  private BitInstructions() {}

  static Operation decode(Decoding d) {
    PtxType type = d.type();
    return switch (d.opcode()) {
      case "and", "or", "xor" -> {
        d.allow();
        yield Operation.of(d.out(), d.in(1), d.in(2), logic(d, type));
      }
      case "shl", "shr" -> {
        d.allow();
        yield Operation.of(d.out(), d.in(1), d.in(2), shift(d, type));
      }
      case "shf" -> funnelShift(d);
      case "lop3" -> lookup(d);
      case "bfe" -> {
        d.allow();
        yield Operation.of(d.out(), d.in(1), d.in(2), d.in(3), (a, b, c) -> extract(type, a, b, c));
      }
      case "bfi" -> insertion(d, type);
      case "prmt" -> {
        d.allow();
        yield Operation.of(d.out(), d.in(1), d.in(2), d.in(3), BitInstructions::permute);
      }
      default -> Operation.of(d.out(), d.in(1), unary(d, type));
    };
  }

  private static Operation.Binary logic(Decoding d, PtxType type) {
    return switch (d.opcode()) {
      case "and" -> (a, b) -> type.truncate(a & b);
      case "or" -> (a, b) -> type.truncate(a | b);
      default -> (a, b) -> type.truncate(a ^ b);
    };
  }

  /** Shifts by the width and more are clamped to it. */
  private static Operation.Binary shift(Decoding d, PtxType type) {
    int width = type.bits();
    if (d.opcode().equals("shl")) {
      return (a, b) -> amount(b, width) == width ? 0 : type.truncate(a << amount(b, width));
    }
    return (a, b) -> {
      long value = type.extend(a);
      int by = amount(b, width);
      if (by == width) {
        return type.truncate(type.isSigned() && value < 0 ? -1 : 0);
      }
      return type.truncate(type.isSigned() ? value >> by : value >>> by);
    };
  }

  private static int amount(long register, int width) {
    return (int) Math.min(PtxType.U32.extend(register), width);
  }

  /** The upper or the lower half of c:a shifted, {@code shf}. */
  private static Operation funnelShift(Decoding d) {
    d.allow("l", "r", "wrap", "clamp");
    boolean left = d.has("l");
    boolean wrap = d.has("wrap");
    return Operation.of(
        d.out(),
        d.in(1),
        d.in(2),
        d.in(3),
        (low, high, by) -> {
          long both = PtxType.B32.truncate(high) << WORD | PtxType.B32.truncate(low);
          int shift = wrap ? (int) by % WORD & (WORD - 1) : amount(by, WORD);
          return left ? both << shift >>> WORD : PtxType.B32.truncate(both >>> shift);
        });
  }

  /** A logical function of three inputs, given by its table of truth. */
  private static Operation lookup(Decoding d) {
    d.allow();
    if (!(d.operand(4) instanceof PtxOperand.Immediate(long table))) {
      throw d.unsupported();
    }
    return Operation.of(
        d.out(),
        d.in(1),
        d.in(2),
        d.in(3),
        (a, b, c) -> {
          long result = 0;
          for (int row = 0; row < 8; row++) {
            long matches =
                ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c : ~c);
            result |= (table >> row & 1) != 0 ? matches : 0;
          }
          return PtxType.B32.truncate(result);
        });
  }

  private static long extract(PtxType type, long value, long start, long length) {
    int from = (int) (start & 0xFF);
    int count = (int) (length & 0xFF);
    if (count == 0) {
      return 0;
    }
    long extended = type.extend(value);
    boolean signed = type.isSigned();
    int last = Math.min(from + count - 1, type.bits() - 1);
    long filled = signed && (extended >> last & 1) != 0 ? -1 : 0;
    long result = 0;
    for (int bit = 0; bit < type.bits(); bit++) {
      boolean inField = bit < count && from + bit < type.bits();
      result |= (inField ? (extended >> (from + bit)) & 1 : filled & 1) << bit;
    }
    return type.truncate(result);
  }

  /** Bits of the first operand in a field of the second. */
  private static Operation insertion(Decoding d, PtxType type) {
    d.allow();
    int to = d.out();
    int field = d.in(1);
    int into = d.in(2);
    int start = d.in(3);
    int length = d.in(4);
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int from = (int) (warp.get(start, lane) & 0xFF);
        int count = (int) (warp.get(length, lane) & 0xFF);
        long ones = count >= Long.SIZE ? -1 : (1L << count) - 1;
        long mask = from >= type.bits() ? 0 : ones << from;
        long bits = from >= type.bits() ? 0 : warp.get(field, lane) << from;
        warp.set(to, lane, type.truncate((bits & mask) | (warp.get(into, lane) & ~mask)));
      }
    };
  }

  private static Operation.Unary unary(Decoding d, PtxType type) {
    d.allow("shiftamt");
    boolean shiftAmount = d.has("shiftamt");
    return switch (d.opcode()) {
      case "not" -> type == PtxType.PRED ? a -> a == 0 ? 1 : 0 : a -> type.truncate(~a);
      case "cnot" -> a -> type.truncate(a) == 0 ? 1 : 0;
      case "popc" -> a -> Long.bitCount(type.truncate(a));
      case "clz" -> a -> Long.numberOfLeadingZeros(type.truncate(a)) - (Long.SIZE - type.bits());
      case "brev" -> a -> Long.reverse(a) >>> (Long.SIZE - type.bits());
      case "bfind" -> a -> leadingBit(type, a, shiftAmount);
      default -> throw d.unsupported();
    };
  }

  /** The place of the leading bit that is not the sign, or its distance to the top. */
  private static long leadingBit(PtxType type, long register, boolean shiftAmount) {
    long value = type.extend(register);
    int bit =
        Long.SIZE - 1 - Long.numberOfLeadingZeros(type.isSigned() && value < 0 ? ~value : value);
    if (bit < 0) {
      return PtxType.B32.truncate(-1);
    }
    return shiftAmount ? type.bits() - 1 - bit : bit;
  }

  /** Four bytes chosen out of eight; the selector's upper bit copies the byte's sign. */
  private static long permute(long a, long b, long selector) {
    long both = PtxType.B32.truncate(b) << WORD | PtxType.B32.truncate(a);
    long result = 0;
    for (int i = 0; i < 4; i++) {
      int choice = (int) ((selector >> (4 * i)) & 0xF);
      byte chosen = (byte) (both >> ((choice & 7) * Byte.SIZE));
      int value = (choice & 8) == 0 ? chosen & 0xFF : chosen < 0 ? 0xFF : 0;
      result |= (long) value << (i * Byte.SIZE);
    }
    return result;
  }
}
