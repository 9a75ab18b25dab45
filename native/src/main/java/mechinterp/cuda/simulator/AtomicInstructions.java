package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxType;

/** Reads and writes with nothing between; lanes take their turns by number. */
final class AtomicInstructions {
  private AtomicInstructions() {}

  static Operation decode(Decoding d) {
    d.allow(
        "global", "shared", "relaxed", "acquire", "release", "acq_rel", "gpu", "cta", "sys", "add",
        "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");
    boolean returnsOld = d.opcode().equals("atom");
    int first = returnsOld ? 1 : 0;
    PtxType type = d.type();
    Space space = MemoryInstructions.space(d);
    var at = MemoryInstructions.At.of(d, first);
    int to = returnsOld ? d.out() : -1;
    int a = d.in(first + 1);
    int b = d.has("cas") ? d.in(first + 2) : a;
    Operation.Ternary update = update(d, type);
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long address = at.in(warp, lane);
        long old = warp.loadAtomic(space, address, type.bytes(), lane);
        long value = update.apply(old, warp.get(a, lane), warp.get(b, lane));
        warp.storeAtomic(space, address, type.bytes(), type.truncate(value), lane);
        if (returnsOld) {
          warp.set(to, lane, old);
        }
      }
    };
  }

  private static Operation.Ternary update(Decoding d, PtxType type) {
    if (d.has("add") && type.isFloat()) {
      FloatFormat format = FloatFormat.of(d, type);
      return (old, a, _) -> format.bits(format.value(old) + format.value(a));
    }
    if (type.isFloat()) {
      throw d.unsupported();
    }
    if (d.has("add")) {
      return (old, a, _) -> old + a;
    }
    if (d.has("min")) {
      return (old, a, _) -> IntegerInstructions.compare(type, old, a) <= 0 ? old : a;
    }
    if (d.has("max")) {
      return (old, a, _) -> IntegerInstructions.compare(type, old, a) >= 0 ? old : a;
    }
    if (d.has("inc")) {
      return (old, a, _) -> IntegerInstructions.compare(type, old, a) >= 0 ? 0 : old + 1;
    }
    if (d.has("dec")) {
      return (old, a, _) ->
          type.truncate(old) == 0 || IntegerInstructions.compare(type, old, a) > 0 ? a : old - 1;
    }
    return bits(d, type);
  }

  private static Operation.Ternary bits(Decoding d, PtxType type) {
    if (d.has("and")) {
      return (old, a, _) -> old & a;
    }
    if (d.has("or")) {
      return (old, a, _) -> old | a;
    }
    if (d.has("xor")) {
      return (old, a, _) -> old ^ a;
    }
    if (d.has("exch")) {
      return (_, a, _) -> a;
    }
    return (old, expected, a) -> type.truncate(old) == type.truncate(expected) ? a : old;
  }
}
