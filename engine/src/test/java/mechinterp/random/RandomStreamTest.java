package mechinterp.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomStreamTest {
  /** The known answers that come with Random123 (kat_vectors, philox4x32 10). */
  @Test
  void blocksAreThePublishedOnes() {
    assertEquals(0xe169c58d6627e8d5L, RandomStream.philox(0, 0, 0, 0, 0, 0));
    assertEquals(0x41c83b0e408f276dL, RandomStream.philox(-1, -1, -1, -1, -1, -1));
    assertEquals(
        0x94fdccebd16cfe09L,
        RandomStream.philox(
            0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
  }

  @Test
  void aNumberIsAFunctionOfSeedNameAndCounter() {
    RandomStream stream = RandomStream.of(1, "shuffle/0");
    assertEquals(stream.bits(12345678901L), RandomStream.of(1, "shuffle/0").bits(12345678901L));
    assertNotEquals(stream.bits(3), RandomStream.of(2, "shuffle/0").bits(3));
    assertNotEquals(stream.bits(3), RandomStream.of(1, "shuffle/1").bits(3));
    assertNotEquals(stream.bits(3), stream.bits(4));
  }

  @Test
  void gaussianNumbersHaveMeanZeroAndVarianceOne() {
    float[] values = new float[200_000];
    RandomStream.of(5, "normal").fillGaussian(values, 0, 1);
    double mean = IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElse(9);
    double square =
        IntStream.range(0, values.length)
            .mapToDouble(i -> values[i] * values[i])
            .average()
            .orElse(9);
    assertEquals(0, mean, 0.01);
    assertEquals(1, square, 0.02);
  }

  @Test
  void wholeNumbersFillTheirRangeEvenly() {
    int[] counts = new int[7];
    RandomStream stream = RandomStream.of(9, "below");
    for (int i = 0; i < 70_000; i++) {
      counts[stream.below(i, 7)]++;
    }
    for (int count : counts) {
      assertEquals(10_000, count, 500);
    }
  }

  @Test
  void aPermutationHoldsEveryNumberOnce() {
    int[] order = RandomStream.of(3, "order").permutation(1000);
    assertTrue(order[0] != 0 || order[1] != 1 || order[2] != 2);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    assertArrayEquals(IntStream.range(0, 1000).toArray(), sorted);
  }
}
