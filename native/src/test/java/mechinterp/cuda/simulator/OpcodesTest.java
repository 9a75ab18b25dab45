package mechinterp.cuda.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import mechinterp.cuda.KernelFamily;
import mechinterp.cuda.ptx.PtxInstruction;
import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.ptx.PtxModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each instruction beside Java's own arithmetic, on awkward and on random numbers. */
class OpcodesTest {
  private static final Map<String, Scalar.Meaning> MEANINGS = Scalar.all();
  private static final int COUNT = 512;
  private static final long[] AWKWARD = {
    0,
    1,
    -1,
    31,
    32,
    63,
    64,
    0x7FFF_FFFFL,
    0x8000_0000L,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    bits(-0f),
    bits(1),
    bits(-1.5f),
    bits(0.5f),
    bits(2.5f),
    bits(3e9f),
    bits(-3e9f),
    bits(Float.MIN_VALUE),
    bits(Float.MAX_VALUE),
    bits(Float.POSITIVE_INFINITY),
    bits(Float.NEGATIVE_INFINITY),
    bits(Float.NaN)
  };

  /** Instructions that move data and control, and those of whole warps, have tests of their own. */
  private static final Set<String> TESTED_ELSEWHERE =
      Set.of("bra", "ret", "bar", "ld", "st", "cvta", "shfl", "vote", "atom", "selp");

  /** Logic of predicates is what guards and choices are made of; the kernels' tests cover it. */
  private static final Set<String> OF_PREDICATES =
      Set.of("and.pred", "or.pred", "not.pred", "mov.pred");

  private static long bits(float value) {
    return Float.floatToRawIntBits(value) & 0xFFFF_FFFFL;
  }

  static Stream<String> names() {
    return MEANINGS.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void computesWhatJavaComputes(String name) {
    Scalar.Meaning meaning = Objects.requireNonNull(MEANINGS.get(name));
    long[][] operands = {numbers(1), numbers(2), numbers(3)};
    if ((name.startsWith("div.") && !name.endsWith("f32")) || name.startsWith("rem.")) {
      long ones = meaning.in() == 32 ? 0xFFFF_FFFFL : -1;
      java.util.Arrays.setAll(operands[1], i -> (operands[1][i] & ones) == 0 ? 7 : operands[1][i]);
    }
    long[] results = run(name, meaning, operands);
    for (int i = 0; i < COUNT; i++) {
      long expected = meaning.function().of(operands[0][i], operands[1][i], operands[2][i]);
      String of =
          name + " of 0x%x, 0x%x, 0x%x".formatted(operands[0][i], operands[1][i], operands[2][i]);
      if (isNanFloat(name, meaning, expected)) {
        assertEquals(true, Float.isNaN(Float.intBitsToFloat((int) results[i])), of);
      } else {
        long mask = meaning.out() == 64 ? -1 : (1L << meaning.out()) - 1;
        assertEquals(expected & mask, results[i] & mask, of);
      }
    }
  }

  /** Which of the many numbers that are none an operation gives is not specified. */
  private static boolean isNanFloat(String name, Scalar.Meaning meaning, long expected) {
    return meaning.out() == 32
        && (name.endsWith("f32") || name.endsWith("f32.f64"))
        && !name.startsWith("mov")
        && Float.isNaN(Float.intBitsToFloat((int) expected));
  }

  private static long[] numbers(int seed) {
    Random random = new Random(seed);
    long[] numbers = new long[COUNT];
    for (int i = 0; i < COUNT; i++) {
      numbers[i] =
          switch (i % 4) {
            case 0 -> AWKWARD[random.nextInt(AWKWARD.length)];
            case 1 -> random.nextLong();
            case 2 -> bits((float) random.nextGaussian());
            default -> random.nextInt(40);
          };
    }
    return numbers;
  }

  private static long[] run(String name, Scalar.Meaning meaning, long[][] operands) {
    Simulator simulator = new Simulator(LaunchOrder.FORWARD);
    var loaded = simulator.load(PtxModule.parse(name, kernel(name, meaning)));
    long out = simulator.memory().allocate(new byte[COUNT * Long.BYTES]);
    KernelArguments arguments = new KernelArguments().add(out);
    for (long[] operand : operands) {
      ByteBuffer bytes = ByteBuffer.allocate(COUNT * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asLongBuffer().put(operand);
      arguments.add(simulator.memory().allocate(bytes.array()));
    }
    simulator.launch(loaded, "kernel", Launch.of(COUNT / 64, 64), arguments);
    long[] results = new long[COUNT];
    ByteBuffer.wrap(simulator.memory().read(out, COUNT * Long.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asLongBuffer()
        .get(results);
    return results;
  }

  private static String kernel(String name, Scalar.Meaning meaning) {
    String result = meaning.out() == 1 ? "%p0" : "%result";
    String store =
        meaning.out() == 1
            ? "selp.b64 %wide, 1, 0, %p0; st.global.b64 [%out], %wide;"
            : "st.global.b%d [%%out], %%result;".formatted(meaning.out());
    String operands = ", %a0";
    operands += meaning.operands() > 1 ? name.startsWith("sh") ? ", %by" : ", %a1" : "";
    operands += meaning.operands() > 2 ? ", %a2" : "";
    operands = name.startsWith("bfi") ? ", %a0, %a1, 4, 8" : operands;
    operands = name.startsWith("shf") ? ", %a0, %a1, %a2" : operands;
    operands += name.startsWith("lop3") ? ", 0x6A" : ""; // (a & b) ^ c
    return """
    .version 7.8
    .target sm_80
    .address_size 64
    .visible .entry kernel(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3)
    {
      .reg .pred %%p<1>; .reg .b32 %%i<4>; .reg .b64 %%out, %%at, %%offset, %%wide;
      .reg .b%d %%a<3>; .reg .b32 %%by; .reg .b%d %%result;
      mov.u32 %%i0, %%tid.x; mov.u32 %%i1, %%ctaid.x; mov.u32 %%i2, %%ntid.x;
      mad.lo.s32 %%i3, %%i1, %%i2, %%i0;
      mul.wide.u32 %%offset, %%i3, 8;
      ld.param.u64 %%at, [p1]; add.s64 %%at, %%at, %%offset; ld.global.b%d %%a0, [%%at];
      ld.param.u64 %%at, [p2]; add.s64 %%at, %%at, %%offset; ld.global.b%d %%a1, [%%at];
      ld.global.b32 %%by, [%%at];
      ld.param.u64 %%at, [p3]; add.s64 %%at, %%at, %%offset; ld.global.b%d %%a2, [%%at];
      ld.param.u64 %%out, [p0]; add.s64 %%out, %%out, %%offset;
      %s %s%s;
      %s
      ret;
    }
    """
        .formatted(
            meaning.in(),
            Math.max(meaning.out(), 16),
            meaning.in(),
            meaning.in(),
            meaning.in(),
            name,
            result,
            operands,
            store);
  }

  @Test
  void everyInstructionOfTheKernelsIsTested() {
    Set<String> untested = new TreeSet<>();
    for (KernelFamily family : KernelFamily.values()) {
      for (PtxKernel kernel : family.module().kernels().values()) {
        for (PtxInstruction instruction : kernel.instructions()) {
          if (!TESTED_ELSEWHERE.contains(instruction.opcode())
              && !OF_PREDICATES.contains(instruction.name())
              && !MEANINGS.containsKey(instruction.name())) {
            untested.add(instruction.name());
          }
        }
      }
    }
    assertEquals(Set.of(), untested);
  }
}
