package mechinterp.cuda.simulator;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** What instructions compute, written once more in Java's own scalars. */
@SuppressWarnings({
  "IntLongMath",
  "NarrowCalculation"
}) // sums and products of 32 bits are meant to wrap
final class Scalar {
  /** A function of three registers. */
  interface Function {
    long of(long a, long b, long c);
  }

  /**
   * An instruction's meaning.
   *
   * @param in bits of the operands
   * @param out bits of the result; 1 for a predicate
   * @param operands how many are read
   * @param function from registers to the result's bits
   */
  record Meaning(int in, int out, int operands, Function function) {}

  private final Map<String, Meaning> meanings = new LinkedHashMap<>();

  private interface FloatFunction {
    float of(float a, float b, float c);
  }

  private interface Relation<T> {
    boolean holds(T a, T b);
  }

  private interface RegisterRelation {
    boolean holds(long a, long b);
  }

  private void unary(String name, int in, int out, LongUnaryOperator f) {
    meanings.put(name, new Meaning(in, out, 1, (a, b, c) -> f.applyAsLong(a)));
  }

  private void binary(String name, int bits, LongBinaryOperator f) {
    meanings.put(name, new Meaning(bits, bits, 2, (a, b, c) -> f.applyAsLong(a, b)));
  }

  private void floats(String name, int operands, FloatFunction f) {
    meanings.put(
        name,
        new Meaning(
            32,
            32,
            operands,
            (a, b, c) -> Float.floatToRawIntBits(f.of(f(a), f(b), f(c))) & 0xFFFF_FFFFL));
  }

  private static float f(long register) {
    return Float.intBitsToFloat((int) register);
  }

  static Map<String, Meaning> all() {
    Scalar scalar = new Scalar();
    scalar.integers();
    scalar.bits();
    scalar.floats();
    scalar.roundedFloats();
    scalar.conversions();
    scalar.comparisons();
    scalar.choices();
    return scalar.meanings;
  }

  private void integers() {
    for (String type : new String[] {"s", "u"}) {
      binary("add." + type + "32", 32, (a, b) -> (int) a + (int) b);
      binary("sub." + type + "32", 32, (a, b) -> (int) a - (int) b);
      binary("add." + type + "64", 64, (a, b) -> a + b);
      binary("sub." + type + "64", 64, (a, b) -> a - b);
      binary("mul.lo." + type + "32", 32, (a, b) -> (int) a * (int) b);
      binary("mul.lo." + type + "64", 64, (a, b) -> a * b);
      meanings.put(
          "mad.lo." + type + "32",
          new Meaning(32, 32, 3, (a, b, c) -> (int) a * (int) b + (int) c));
    }
    meanings.put("mul.wide.s32", new Meaning(32, 64, 2, (a, b, c) -> (long) (int) a * (int) b));
    meanings.put(
        "mul.wide.u32",
        new Meaning(32, 64, 2, (a, b, c) -> (a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL)));
    binary("mul.hi.s32", 32, (a, b) -> ((long) (int) a * (int) b) >> 32);
    binary("mul.hi.u32", 32, (a, b) -> ((a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL)) >>> 32);
    binary("mul.hi.s64", 64, Math::multiplyHigh);
    binary("div.s32", 32, (a, b) -> (int) a / (int) b);
    binary("div.u32", 32, (a, b) -> Integer.divideUnsigned((int) a, (int) b));
    binary("div.s64", 64, (a, b) -> a / b);
    binary("div.u64", 64, Long::divideUnsigned);
    binary("rem.s32", 32, (a, b) -> (int) a % (int) b);
    binary("rem.u32", 32, (a, b) -> Integer.remainderUnsigned((int) a, (int) b));
    binary("rem.s64", 64, (a, b) -> a % b);
    binary("min.s32", 32, (a, b) -> Math.min((int) a, (int) b));
    binary("max.s32", 32, (a, b) -> Math.max((int) a, (int) b));
    binary("min.s64", 64, Math::min);
    binary("max.s64", 64, Math::max);
    binary("min.u32", 32, (a, b) -> Math.min(a & 0xFFFF_FFFFL, b & 0xFFFF_FFFFL));
    binary("max.u32", 32, (a, b) -> Math.max(a & 0xFFFF_FFFFL, b & 0xFFFF_FFFFL));
    unary("neg.s32", 32, 32, a -> -(int) a);
    unary("neg.s64", 64, 64, a -> -a);
    unary("abs.s32", 32, 32, a -> Math.abs((int) a));
  }

  private void bits() {
    binary("and.b16", 16, (a, b) -> a & b);
    for (int bits : new int[] {32, 64}) {
      binary("and.b" + bits, bits, (a, b) -> a & b);
      binary("or.b" + bits, bits, (a, b) -> a | b);
      binary("xor.b" + bits, bits, (a, b) -> a ^ b);
      unary("not.b" + bits, bits, bits, a -> ~a);
    }
    unary("popc.b32", 32, 32, a -> Integer.bitCount((int) a));
    unary("popc.b64", 64, 32, Long::bitCount);
    unary("clz.b32", 32, 32, a -> Integer.numberOfLeadingZeros((int) a));
    unary("clz.b64", 64, 32, Long::numberOfLeadingZeros);
    unary("brev.b32", 32, 32, a -> Integer.reverse((int) a));
    unary("brev.b64", 64, 64, Long::reverse);
    unary("bfind.u32", 32, 32, a -> 31 - Integer.numberOfLeadingZeros((int) a));
    unary(
        "bfind.shiftamt.u32",
        32,
        32,
        a -> (int) a == 0 ? -1 : Integer.numberOfLeadingZeros((int) a));
    meanings.put("prmt.b32", new Meaning(32, 32, 3, Scalar::permute));
    meanings.put("bfe.u32", new Meaning(32, 32, 3, (a, b, c) -> field((int) a, b, c)));
    meanings.put(
        "bfi.b32", new Meaning(32, 32, 3, (a, b, c) -> ((int) b & ~0xFF0) | ((a & 0xFF) << 4)));
    meanings.put(
        "shf.l.wrap.b32",
        new Meaning(
            32,
            32,
            3,
            (a, b, c) ->
                (c & 31) == 0 ? b : ((int) b << (c & 31)) | ((int) a >>> (32 - (c & 31)))));
    meanings.put("lop3.b32", new Meaning(32, 32, 3, (a, b, c) -> (a & b) ^ c));
  }

  private static long permute(long a, long b, long c) {
    byte[] bytes = new byte[8];
    for (int i = 0; i < 4; i++) {
      bytes[i] = (byte) (a >> (8 * i));
      bytes[4 + i] = (byte) (b >> (8 * i));
    }
    long result = 0;
    for (int i = 0; i < 4; i++) {
      int nibble = (int) (c >> (4 * i)) & 15;
      int chosen = bytes[nibble % 8];
      result |= (nibble < 8 ? chosen & 0xFFL : chosen < 0 ? 0xFFL : 0) << (8 * i);
    }
    return result;
  }

  private static long field(int a, long start, long length) {
    long from = start & 0xFF;
    long count = length & 0xFF;
    long rest = from > 31 ? 0 : a >>> from;
    return count > 31 ? rest : rest & ((1L << count) - 1);
  }

  private void floats() {
    floats("add.f32", 2, (a, b, c) -> a + b);
    floats("add.rn.f32", 2, (a, b, c) -> a + b);
    floats("sub.f32", 2, (a, b, c) -> a - b);
    floats("mul.f32", 2, (a, b, c) -> a * b);
    floats("mul.rn.f32", 2, (a, b, c) -> a * b);
    floats("div.rn.f32", 2, (a, b, c) -> a / b);
    floats("fma.rn.f32", 3, (a, b, c) -> exactFma(a, b, c, RoundingMode.HALF_EVEN));
    floats("fma.rm.f32", 3, (a, b, c) -> exactFma(a, b, c, RoundingMode.FLOOR));
    floats("fma.rz.f32", 3, (a, b, c) -> exactFma(a, b, c, RoundingMode.DOWN));
    floats("rcp.rn.f32", 1, (a, b, c) -> 1 / a);
    floats("rcp.approx.ftz.f32", 1, (a, b, c) -> flush(1 / flush(a)));
    floats("sqrt.rn.f32", 1, (a, b, c) -> (float) Math.sqrt(a));
    floats("rsqrt.approx.f32", 1, (a, b, c) -> (float) (1 / Math.sqrt(a)));
    floats("ex2.approx.ftz.f32", 1, (a, b, c) -> flush((float) Math.pow(2, flush(a))));
    floats("lg2.approx.f32", 1, (a, b, c) -> (float) (Math.log(a) / Math.log(2)));
    floats("neg.f32", 1, (a, b, c) -> -a);
    floats("abs.f32", 1, (a, b, c) -> Math.abs(a));
    floats("max.f32", 2, (a, b, c) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b));
    floats("min.f32", 2, (a, b, c) -> Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.min(a, b));
    floats("cvt.sat.f32.f32", 1, (a, b, c) -> a > 0 ? Math.min(a, 1) : 0);
  }

  private static float flush(float a) {
    return Math.abs(a) < Float.MIN_NORMAL ? Math.copySign(0f, a) : a;
  }

  /** a b + c in decimals without an end, then rounded. */
  private static float exactFma(float a, float b, float c, RoundingMode mode) {
    if (!Float.isFinite(a) || !Float.isFinite(b) || !Float.isFinite(c)) {
      return (float) ((double) a * b + c); // the product itself does not overflow
    }
    BigDecimal exact =
        new BigDecimal(a).multiply(new BigDecimal(b), MathContext.UNLIMITED).add(new BigDecimal(c));
    if (exact.signum() == 0) {
      return a * b + c;
    }
    float near = exact.floatValue();
    int side = Float.isInfinite(near) ? (near > 0 ? 1 : -1) : new BigDecimal(near).compareTo(exact);
    return switch (mode) {
      case FLOOR -> side > 0 ? Math.nextDown(near) : near;
      case DOWN ->
          side > 0 && near > 0
              ? Math.nextDown(near)
              : side < 0 && near < 0 ? Math.nextUp(near) : near;
      default -> near;
    };
  }

  private void roundedFloats() {
    unary("cvt.rn.f32.s32", 32, 32, a -> Float.floatToRawIntBits((float) (int) a));
    unary("cvt.rn.f32.u32", 32, 32, a -> Float.floatToRawIntBits((float) (a & 0xFFFF_FFFFL)));
    unary("cvt.rn.f32.s64", 64, 32, a -> Float.floatToRawIntBits((float) a));
    unary("cvt.rn.bf16.f32", 32, 16, a -> bfloat(f(a)));
    unary(
        "cvt.rzi.s32.f32",
        32,
        32,
        a -> (int) f(a)); // Java truncates, saturates and makes 0 of NaN too
    unary("cvt.rni.s32.f32", 32, 32, a -> (int) Math.rint(f(a)));
    unary("cvt.rmi.f32.f32", 32, 32, a -> Float.floatToRawIntBits((float) Math.floor(f(a))));
    unary(
        "cvt.rzi.f32.f32",
        32,
        32,
        a -> Float.floatToRawIntBits((float) (f(a) < 0 ? Math.ceil(f(a)) : Math.floor(f(a)))));
    unary("cvt.f64.f32", 32, 64, a -> Double.doubleToRawLongBits(f(a)));
    unary(
        "cvt.rn.f32.f64", 64, 32, a -> Float.floatToRawIntBits((float) Double.longBitsToDouble(a)));
  }

  private static long bfloat(float value) {
    if (Float.isNaN(value)) {
      return 0x7FFF;
    }
    int bits = Float.floatToRawIntBits(value);
    int rest = bits & 0xFFFF;
    int upper = bits >>> 16;
    return rest > 0x8000 || (rest == 0x8000 && upper % 2 == 1) ? upper + 1 : upper;
  }

  private void conversions() {
    unary("cvt.s64.s32", 32, 64, a -> (int) a);
    unary("cvt.u64.u32", 32, 64, a -> a & 0xFFFF_FFFFL);
    unary("cvt.u32.u64", 64, 32, a -> a);
    unary("cvt.u32.u16", 16, 32, a -> a & 0xFFFF);
    unary("cvt.s32.s8", 16, 32, a -> (byte) a);
    unary("cvt.s32.s16", 16, 32, a -> (short) a);
    unary("cvt.u16.u32", 32, 16, a -> a);
    unary("mov.u32", 32, 32, a -> a);
    unary("mov.b32", 32, 32, a -> a);
    unary("mov.f32", 32, 32, a -> a);
    unary("mov.u64", 64, 64, a -> a);
    unary("mov.u16", 16, 16, a -> a);
  }

  private void comparisons() {
    predicate("eq.s16", 16, (a, b) -> (short) a == (short) b);
    Map<String, Relation<Integer>> order = new LinkedHashMap<>();
    order.put("eq", (a, b) -> a == 0);
    order.put("ne", (a, b) -> a != 0);
    order.put("lt", (a, b) -> a < 0);
    order.put("le", (a, b) -> a <= 0);
    order.put("gt", (a, b) -> a > 0);
    order.put("ge", (a, b) -> a >= 0);
    order.forEach((relation, test) -> {
      predicate(relation + ".s32", 32, (a, b) -> test.holds(Integer.compare((int) a, (int) b), 0));
      predicate(
          relation + ".u32",
          32,
          (a, b) -> test.holds(Integer.compareUnsigned((int) a, (int) b), 0));
      predicate(relation + ".s64", 64, (a, b) -> test.holds(Long.compare(a, b), 0));
      predicate(relation + ".u64", 64, (a, b) -> test.holds(Long.compareUnsigned(a, b), 0));
      Relation<Float> ordered = (a, b) -> a < b || a > b || a.floatValue() == b.floatValue();
      Relation<Float> holds =
          (a, b) -> test.holds(a < b ? -1 : a > b ? 1 : 0, 0) && ordered.holds(a, b);
      predicate(relation + ".f32", 32, (a, b) -> holds.holds(f(a), f(b)));
      predicate(
          relation + "u.f32", 32, (a, b) -> holds.holds(f(a), f(b)) || !ordered.holds(f(a), f(b)));
    });
  }

  private void predicate(String relation, int bits, RegisterRelation holds) {
    meanings.put(
        "setp." + relation, new Meaning(bits, 1, 2, (a, b, c) -> holds.holds(a, b) ? 1 : 0));
  }

  private void choices() {
    for (int bits : new int[] {32, 64}) {
      int width = bits - 1;
      meanings.put(
          "shl.b" + bits,
          new Meaning(bits, bits, 2, (a, b, c) -> tooFar(b, width) ? 0 : a << (int) b));
      meanings.put(
          "shr.u" + bits,
          new Meaning(
              bits,
              bits,
              2,
              (a, b, c) -> tooFar(b, width) ? 0 : (bits == 32 ? a & 0xFFFF_FFFFL : a) >>> (int) b));
      meanings.put(
          "shr.s" + bits,
          new Meaning(
              bits,
              bits,
              2,
              (a, b, c) -> (bits == 32 ? (int) a : a) >> (tooFar(b, width) ? width : (int) b)));
    }
  }

  private static boolean tooFar(long by, int most) {
    return (by & 0xFFFF_FFFFL) > most;
  }
}
