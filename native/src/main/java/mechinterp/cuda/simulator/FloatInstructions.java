package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxType;

/**
 * Floating-point arithmetic. Results of {@code .approx} are rounded correctly, or nearly; a GPU's
 * may differ from them in the last bits.
 */
final class FloatInstructions {
  private static final double LOG_2 = Math.log(2);

  private FloatInstructions() {}

  static Operation decode(Decoding d) {
    d.allow("rn", "rz", "rm", "rp", "ftz", "sat", "approx", "full", "NaN");
    FloatFormat format = FloatFormat.of(d, d.type());
    return switch (d.opcode()) {
      case "fma", "mad" -> fma(d, format);
      case "add", "sub", "mul", "div", "min", "max" ->
          Operation.of(d.out(), d.in(1), d.in(2), saturated(d, format, binary(d, format)));
      case "copysign" -> {
        long sign = 1L << (format.type().bits() - 1);
        yield Operation.of(d.out(), d.in(1), d.in(2), (a, b) -> (a & sign) | (b & ~sign));
      }
      default -> Operation.of(d.out(), d.in(1), unary(d, format));
    };
  }

  private static Operation fma(Decoding d, FloatFormat format) {
    FloatRounding rounding = FloatRounding.of(d);
    Operation.Ternary fma;
    if (format.isSingle()) {
      fma =
          (a, b, c) ->
              format.bits(
                  rounding.fma(
                      (float) format.value(a), (float) format.value(b), (float) format.value(c)));
    } else if (format.type() == PtxType.F64 && rounding == FloatRounding.NEAREST) {
      fma = (a, b, c) -> format.bits(Math.fma(format.value(a), format.value(b), format.value(c)));
    } else {
      throw d.unsupported();
    }
    Operation.Ternary result =
        d.has("sat") ? (a, b, c) -> saturate(format, fma.apply(a, b, c)) : fma;
    return Operation.of(d.out(), d.in(1), d.in(2), d.in(3), result);
  }

  private static Operation.Binary saturated(
      Decoding d, FloatFormat format, Operation.Binary operation) {
    return d.has("sat") ? (a, b) -> saturate(format, operation.apply(a, b)) : operation;
  }

  /** The nearest number in 0 to 1; 0 for what is not a number. */
  static long saturate(FloatFormat format, long register) {
    double value = format.value(register);
    return format.bits(Double.isNaN(value) ? 0 : Math.clamp(value, 0.0, 1.0));
  }

  private static Operation.Binary binary(Decoding d, FloatFormat format) {
    FloatRounding rounding = FloatRounding.of(d);
    if (rounding != FloatRounding.NEAREST) {
      return directed(d, format, rounding);
    }
    return switch (d.opcode()) {
      case "add" -> (a, b) -> format.bits(format.value(a) + format.value(b));
      case "sub" -> (a, b) -> format.bits(format.value(a) - format.value(b));
      case "mul" -> (a, b) -> format.bits(format.value(a) * format.value(b));
      case "div" -> (a, b) -> format.bits(format.value(a) / format.value(b));
      case "min" -> (a, b) -> format.bits(least(d, format.value(a), format.value(b)));
      default -> (a, b) -> format.bits(-least(d, -format.value(a), -format.value(b)));
    };
  }

  private static Operation.Binary directed(Decoding d, FloatFormat format, FloatRounding rounding) {
    if (!format.isSingle()) {
      throw d.unsupported();
    }
    return switch (d.opcode()) {
      case "add" -> (a, b) -> format.bits(rounding.sum(format.value(a), format.value(b)));
      case "sub" -> (a, b) -> format.bits(rounding.sum(format.value(a), -format.value(b)));
      case "mul" -> (a, b) -> format.bits(rounding.sum(format.value(a) * format.value(b), 0));
      default -> throw d.unsupported();
    };
  }

  /** The lesser of two; the other one when one is not a number, unless {@code .NaN} asks for it. */
  private static double least(Decoding d, double a, double b) {
    if (d.has("NaN")) {
      return Math.min(a, b);
    }
    return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b);
  }

  private static Operation.Unary unary(Decoding d, FloatFormat format) {
    if (FloatRounding.of(d) != FloatRounding.NEAREST) {
      throw d.unsupported();
    }
    long sign = 1L << (format.type().bits() - 1);
    return switch (d.opcode()) {
      case "abs" -> a -> format.bits(format.value(a)) & ~sign;
      case "neg" -> a -> format.bits(format.value(a)) ^ sign;
      case "sqrt" -> a -> format.bits(Math.sqrt(format.value(a)));
      case "rsqrt" -> a -> format.bits(1 / Math.sqrt(format.value(a)));
      case "rcp" -> a -> format.bits(1 / format.value(a));
      case "ex2" -> a -> format.bits(Math.pow(2, format.value(a)));
      case "lg2" -> a -> format.bits(Math.log(format.value(a)) / LOG_2);
      case "sin" -> a -> format.bits(Math.sin(format.value(a)));
      case "cos" -> a -> format.bits(Math.cos(format.value(a)));
      case "tanh" -> a -> format.bits(Math.tanh(format.value(a)));
      default -> throw d.unsupported();
    };
  }
}
