package mechinterp.cuda.simulator;

/** The instructions that every thread does for itself. */
final class InstructionSet {
  private InstructionSet() {}

  static Operation decode(Decoding d) {
    return switch (d.opcode()) {
      case "add", "sub", "mul", "mad", "fma", "div", "rem", "min", "max", "abs", "neg" ->
          d.type().isFloat() ? FloatInstructions.decode(d) : IntegerInstructions.decode(d);
      case "sqrt", "rsqrt", "rcp", "ex2", "lg2", "sin", "cos", "tanh", "copysign", "testp" ->
          FloatInstructions.decode(d);
      case "and", "or", "xor", "not", "cnot", "shl", "shr", "shf", "lop3" ->
          BitInstructions.decode(d);
      case "bfe", "bfi", "bfind", "popc", "clz", "brev", "prmt" -> BitInstructions.decode(d);
      case "setp", "set", "selp", "slct" -> ComparisonInstructions.decode(d);
      case "mov", "cvt", "cvta" -> MoveInstructions.decode(d);
      case "ld", "st", "ldu" -> MemoryInstructions.decode(d);
      case "atom", "red" -> AtomicInstructions.decode(d);
      case "activemask" -> {
        int to = d.out();
        yield (warp, lanes) -> {
          for (int rest = lanes; rest != 0; rest &= rest - 1) {
            warp.set(to, Integer.numberOfTrailingZeros(rest), Integer.toUnsignedLong(lanes));
          }
        };
      }
      case "membar", "fence", "nanosleep", "prefetch" -> (_, _) -> {};
      default -> throw d.unsupported();
    };
  }
}
