package mechinterp.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.LaunchOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CastKernelsTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 255, 1030})
  void roundsToNearestTiesToEven(int count) {
    float[] x = anyBits(count);
    short[] bits = toBf16("float_to_bf16", x, (count + 3) / 4);
    assertArrayEquals(bits, toBf16("float_to_bf16_naive", x, count));
    for (int i = 0; i < count; i++) {
      float rounded = Float.intBitsToFloat(bits[i] << 16);
      if (Float.isNaN(x[i])) {
        assertEquals(0x7FFF, bits[i]);
        continue;
      }
      double distance = Math.abs((double) rounded - x[i]);
      for (int neighbour : new int[] {-1, 1}) {
        float other = Float.intBitsToFloat((short) (bits[i] + neighbour) << 16);
        double theirs = Math.abs((double) other - x[i]);
        boolean nearest = distance < theirs || (distance == theirs && bits[i] % 2 == 0);
        boolean same = Float.isInfinite(rounded) || Float.isNaN(other) || rounded == 0;
        assertEquals(true, nearest || same, x[i] + " became " + rounded);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 255, 1030})
  void bfloat16IsTheUpperHalf(int count) {
    short[] x = new short[count];
    new Random(count).ints(count).forEach(bits -> x[Math.floorMod(bits, count)] = (short) bits);
    float[] expected = new float[count];
    for (int i = 0; i < count; i++) {
      expected[i] = Float.intBitsToFloat(x[i] << 16);
    }
    for (String kernel : new String[] {"bf16_to_float", "bf16_to_float_naive"}) {
      Gpu gpu = new Gpu(KernelFamily.CASTS, LaunchOrder.FORWARD);
      long out = gpu.allocate(count);
      gpu.launchFor(
          kernel,
          kernel.endsWith("naive") ? count : (count + 3) / 4,
          new KernelArguments().add(out).add(gpu.upload(x)).add((long) count));
      assertArrayEquals(expected, gpu.floats(out, count));
    }
  }

  private static float[] anyBits(int count) {
    Random random = new Random(count);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      int bits = random.nextInt();
      x[i] = Float.intBitsToFloat(i % 3 == 0 ? (bits & 0xFFFF0000) | 0x8000 : bits); // ties too
    }
    return x;
  }

  private static short[] toBf16(String kernel, float[] x, int threads) {
    Gpu gpu = new Gpu(KernelFamily.CASTS, LaunchOrder.REVERSE);
    long out = gpu.upload(new short[x.length]);
    gpu.launchFor(
        kernel, threads, new KernelArguments().add(out).add(gpu.upload(x)).add((long) x.length));
    return gpu.shorts(out, x.length);
  }
}
