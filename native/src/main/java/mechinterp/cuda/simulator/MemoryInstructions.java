package mechinterp.cuda.simulator;

import java.util.List;
import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/** Loads and stores. */
final class MemoryInstructions {
  private static final String[] HINTS = {
    "global",
    "shared",
    "local",
    "const",
    "param",
    "cta",
    "nc",
    "volatile",
    "relaxed",
    "weak",
    "gpu",
    "ca",
    "cg",
    "cs",
    "cv",
    "wb",
    "wt",
    "v2",
    "v4",
    "L1",
    "L2"
  };

  private MemoryInstructions() {}

  /** The space that the name says; generic when it says none. */
  static Space space(Decoding d) {
    if (d.has("global") || d.has("const")) {
      return Space.GLOBAL;
    }
    if (d.has("shared")) {
      return Space.SHARED;
    }
    if (d.has("local")) {
      return Space.LOCAL;
    }
    return d.has("param") ? Space.PARAM : Space.GENERIC;
  }

  /** An address: a register's content and an offset. */
  record At(int register, long offset) {
    static At of(Decoding d, int operand) {
      if (d.operand(operand) instanceof PtxOperand.Address(PtxOperand base, long offset)) {
        return new At(d.in(base), offset);
      }
      throw d.refuse("operand " + operand + " is no address");
    }

    long in(Warp warp, int lane) {
      return warp.get(register, lane) + offset;
    }
  }

  static Operation decode(Decoding d) {
    d.allow(HINTS);
    return d.opcode().equals("st") ? store(d) : load(d);
  }

  private static List<PtxOperand> elements(PtxOperand operand) {
    return operand instanceof PtxOperand.Vector(List<PtxOperand> elements)
        ? elements
        : List.of(operand);
  }

  private static Operation load(Decoding d) {
    PtxType type = d.type();
    Space space = space(d);
    At at = At.of(d, 1);
    int[] to = elements(d.operand(0)).stream().mapToInt(d::out).toArray();
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long address = aligned(at.in(warp, lane), type, to.length, warp, lane);
        for (int i = 0; i < to.length; i++) {
          long value = warp.load(space, address + (long) i * type.bytes(), type.bytes(), lane);
          warp.set(to[i], lane, type.extend(value));
        }
      }
    };
  }

  private static Operation store(Decoding d) {
    PtxType type = d.type();
    Space space = space(d);
    At at = At.of(d, 0);
    int[] from = elements(d.operand(1)).stream().mapToInt(d::in).toArray();
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long address = aligned(at.in(warp, lane), type, from.length, warp, lane);
        for (int i = 0; i < from.length; i++) {
          long value = type.truncate(warp.get(from[i], lane));
          warp.store(space, address + (long) i * type.bytes(), type.bytes(), value, lane);
        }
      }
    };
  }

  /** A vector's address is a multiple of the whole vector's size. */
  private static long aligned(long address, PtxType type, int elements, Warp warp, int lane) {
    int bytes = type.bytes() * elements;
    if (elements > 1 && address % bytes != 0) {
      warp.enter(lane);
      throw new FaultException(
          Fault.MISALIGNED,
          "0x%x is not a multiple of the vector's %d bytes".formatted(address, bytes));
    }
    return address;
  }
}
