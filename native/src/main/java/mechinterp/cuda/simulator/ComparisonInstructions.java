package mechinterp.cuda.simulator;

import java.util.Set;
import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/** Comparisons and choices. */
final class ComparisonInstructions {
  private static final Set<String> COMBINED = Set.of("and", "or", "xor");

  private ComparisonInstructions() {}

  /** Whether a comparison holds. */
  private interface Test {
    boolean holds(long a, long b);
  }

  static Operation decode(Decoding d) {
    return switch (d.opcode()) {
      case "selp" -> {
        d.allow();
        yield Operation.of(
            d.out(), d.in(1), d.in(2), d.in(3), (a, b, predicate) -> predicate != 0 ? a : b);
      }
      case "setp" -> predicates(d);
      default -> throw d.unsupported();
    };
  }

  private static Operation predicates(Decoding d) {
    String relation = d.instruction().modifiers().getFirst();
    Test test = test(d, relation);
    boolean combined = d.instruction().modifiers().stream().anyMatch(COMBINED::contains);
    d.allow(relation, "ftz", "and", "or", "xor");
    boolean two = d.operand(0) instanceof PtxOperand.Pair;
    PtxOperand first =
        d.operand(0) instanceof PtxOperand.Pair(PtxOperand holds, var _) ? holds : d.operand(0);
    PtxOperand second =
        d.operand(0) instanceof PtxOperand.Pair(var _, PtxOperand not) ? not : d.operand(0);
    int to = d.out(first);
    int toOpposite = d.out(second);
    int a = d.in(1);
    int b = d.in(2);
    boolean negated = combined && d.operand(3) instanceof PtxOperand.Negated;
    int with =
        !combined
            ? a
            : d.operand(3) instanceof PtxOperand.Negated(PtxOperand predicate)
                ? d.in(predicate)
                : d.in(3);
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        boolean holds = test.holds(warp.get(a, lane), warp.get(b, lane));
        boolean other = warp.get(with, lane) != 0 != negated;
        if (two) {
          warp.set(toOpposite, lane, bit(combined ? combine(d, !holds, other) : !holds));
        }
        warp.set(to, lane, bit(combined ? combine(d, holds, other) : holds));
      }
    };
  }

  private static long bit(boolean set) {
    return set ? 1 : 0;
  }

  private static boolean combine(Decoding d, boolean a, boolean b) {
    if (d.has("and")) {
      return a && b;
    }
    return d.has("or") ? a || b : a != b;
  }

  private static Test test(Decoding d, String relation) {
    PtxType type = d.type();
    return type.isFloat() ? ofFloats(d, relation, type) : ofIntegers(d, relation, type);
  }

  private static Test ofIntegers(Decoding d, String relation, PtxType type) {
    return switch (relation) {
      case "eq" -> (a, b) -> IntegerInstructions.compare(type, a, b) == 0;
      case "ne" -> (a, b) -> IntegerInstructions.compare(type, a, b) != 0;
      case "lt", "lo" -> (a, b) -> IntegerInstructions.compare(type, a, b) < 0;
      case "le", "ls" -> (a, b) -> IntegerInstructions.compare(type, a, b) <= 0;
      case "gt", "hi" -> (a, b) -> IntegerInstructions.compare(type, a, b) > 0;
      case "ge", "hs" -> (a, b) -> IntegerInstructions.compare(type, a, b) >= 0;
      default -> throw d.unsupported();
    };
  }

  /** Relations that end in {@code u} hold also when an operand is not a number. */
  private static Test ofFloats(Decoding d, String relation, PtxType type) {
    FloatFormat format = FloatFormat.of(d, type);
    Test test =
        switch (relation) {
          case "eq" -> (a, b) -> format.value(a) == format.value(b);
          case "ne" ->
              (a, b) -> format.value(a) < format.value(b) || format.value(a) > format.value(b);
          case "lt" -> (a, b) -> format.value(a) < format.value(b);
          case "le" -> (a, b) -> format.value(a) <= format.value(b);
          case "gt" -> (a, b) -> format.value(a) > format.value(b);
          case "ge" -> (a, b) -> format.value(a) >= format.value(b);
          case "equ" ->
              (a, b) -> !(format.value(a) < format.value(b) || format.value(a) > format.value(b));
          case "neu" -> (a, b) -> format.value(a) != format.value(b);
          case "ltu" -> (a, b) -> !(format.value(a) >= format.value(b));
          case "leu" -> (a, b) -> !(format.value(a) > format.value(b));
          case "gtu" -> (a, b) -> !(format.value(a) <= format.value(b));
          case "geu" -> (a, b) -> !(format.value(a) < format.value(b));
          case "num" -> (a, b) -> !Double.isNaN(format.value(a)) && !Double.isNaN(format.value(b));
          case "nan" -> (a, b) -> Double.isNaN(format.value(a)) || Double.isNaN(format.value(b));
          default -> throw d.unsupported();
        };
    return test;
  }
}
