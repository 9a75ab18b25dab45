package mechinterp.activation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShuffledBatchesTest {
  private static final int TOKENS = 101;

  private final Device device = CpuDevice.scalar();

  @AfterEach
  void close() {
    device.close();
  }

  /** A store whose row i is [i, 2 i]. */
  private static ActivationStore store() {
    float[] values = new float[2 * TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      values[2 * i] = i;
      values[2 * i + 1] = 2 * i;
    }
    return ActivationStore.inMemory(2, values);
  }

  private int[] draw(ActivationBatches batches, int batchSize, int tokens) {
    FloatMatrix batch = device.floats(batchSize, 2);
    int[] drawn = new int[tokens];
    for (int done = 0; done < tokens; done += batchSize) {
      batches.next(batch);
      float[] rows = device.toHost(batch);
      for (int i = 0; i < Math.min(batchSize, tokens - done); i++) {
        assertEquals(2 * rows[2 * i], rows[2 * i + 1]);
        drawn[done + i] = (int) rows[2 * i];
      }
    }
    return drawn;
  }

  private static int[] sorted(int[] values, int from, int to) {
    int[] part = Arrays.copyOfRange(values, from, to);
    Arrays.sort(part);
    return part;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 101, 102, 350})
  void eachRoundHoldsEveryTokenOnceWhateverTheBatch(int batchSize) {
    int[] drawn = draw(store().shuffled(device, 1), batchSize, 3 * TOKENS);
    int[] all = new int[TOKENS];
    Arrays.setAll(all, i -> i);
    for (int round = 0; round < 3; round++) {
      assertArrayEquals(all, sorted(drawn, round * TOKENS, (round + 1) * TOKENS));
    }
    assertArrayEquals(draw(store().shuffled(device, 1), 13, 3 * TOKENS), drawn);
  }

  @Test
  void ordersDifferBetweenRoundsAndSeeds() {
    int[] drawn = draw(store().shuffled(device, 1), TOKENS, 2 * TOKENS);
    int[] first = Arrays.copyOf(drawn, TOKENS);
    assertFalse(Arrays.equals(first, Arrays.copyOfRange(drawn, TOKENS, 2 * TOKENS)));
    assertFalse(Arrays.equals(first, draw(store().shuffled(device, 2), TOKENS, TOKENS)));
  }

  @Test
  void neighboursInTheTextAreNotNeighboursInABatch() {
    int[] drawn = draw(store().shuffled(device, 9), TOKENS, TOKENS);
    int stillNeighbours = 0;
    double displacement = 0;
    for (int i = 1; i < TOKENS; i++) {
      stillNeighbours += drawn[i] == drawn[i - 1] + 1 ? 1 : 0;
      displacement += Math.abs(drawn[i] - i);
    }
    assertTrue(stillNeighbours < 8, stillNeighbours + " pairs");
    assertEquals(TOKENS / 3.0, displacement / TOKENS, 8);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 57, 101, 150, 202})
  void seekingGoesOnAsIfDrawn(long position) {
    int[] all = draw(store().shuffled(device, 4), 1, 303);
    ActivationBatches batches = store().shuffled(device, 4);
    draw(batches, 3, 33);
    batches.seek(position);
    int[] rest = draw(batches, 11, 99);
    assertArrayEquals(Arrays.copyOfRange(all, (int) position, (int) position + 99), rest);
    assertEquals(position + 99, batches.position());
  }

  @Test
  void batchesAreNormalised() {
    ActivationStore store =
        store()
            .withNormalization(
                new Normalization(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN, 0.5));
    FloatMatrix batch = device.floats(TOKENS, 2);
    store.shuffled(device, 1).next(batch);
    float[] rows = device.toHost(batch);
    float largest = 0;
    for (float value : rows) {
      largest = Math.max(largest, value);
    }
    assertEquals(100, largest);
  }

  /** Row i has the norm sqrt(5) i: of 0 to 100 the median is that of 50. */
  @Test
  void activationsLongerThanAMultipleOfTheMedianNormAreLeftOut() {
    ActivationStore store = store();
    KeptTokens kept = store.withinNorm(1.51);
    assertEquals(76, kept.count());
    assertEquals(25, kept.dropped());
    assertEquals(1.51 * 50 * Math.sqrt(5), kept.limit().orElseThrow().largestNorm(), 1e-9);
    int[] drawn = draw(store.shuffled(kept, device, 1), 19, 2 * 76);
    int[] all = new int[76];
    Arrays.setAll(all, i -> i);
    assertArrayEquals(all, sorted(drawn, 0, 76));
    assertArrayEquals(all, sorted(drawn, 76, 152));
    Normalization scale =
        store.normalized(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN, kept).normalization();
    assertEquals(Math.sqrt(2) / (37.5 * Math.sqrt(5)), scale.scale(), 1e-9);
    assertNotEquals(
        store.shuffled(device, 1).identity(), store.shuffled(kept, device, 1).identity());
  }

  @Test
  void aStoreOfWhatIsKeptHasThoseRowsInTheirOrder() {
    ActivationStore store = ActivationStore.inMemory(1, new float[] {1, -5, 2, -1, 9, 1});
    ActivationStore only = store.only(store.withinNorm(1));
    assertArrayEquals(new float[] {1, 2, -1, 1}, read(only, 0, 4));
    assertArrayEquals(new float[] {2, -1}, read(only, 1, 2));
    ActivationStore longer = store.only(store.withinNorm(new OutlierLimit(3, 2)));
    assertArrayEquals(new float[] {1, -5, 2, -1, 1}, read(longer, 0, 5));
    KeptTokens none = store.withinNorm(new OutlierLimit(1, 0));
    assertThrows(IllegalArgumentException.class, () -> store.only(none));
  }

  private static float[] read(ActivationStore store, int first, int count) {
    float[] rows = new float[count * store.dIn()];
    store.read(first, count, rows, 0);
    return rows;
  }

  @Test
  void onlyTheFirstTokensAreHandedOutWhereTheOthersAreHeldOut() {
    ActivationStore store = store();
    KeptTokens first = store.first(TOKENS - 10);
    int[] drawn = draw(store.shuffled(first, device, 1), 19, 2 * (TOKENS - 10));
    int[] expected = IntStream.range(0, TOKENS - 10).toArray();
    int[] round = Arrays.copyOf(drawn, TOKENS - 10);
    Arrays.sort(round);
    assertArrayEquals(expected, round);
    assertEquals(10, first.dropped());
    assertNotEquals(
        store.shuffled(device, 1).identity(), store.shuffled(first, device, 1).identity());
    assertEquals(
        store.shuffled(device, 1).identity(),
        store.shuffled(store.first(TOKENS), device, 1).identity());
    for (int count : new int[] {0, TOKENS + 1}) {
      assertEquals(
          "tokens: are %d, activations in memory has %d; they must be at least 1 and no more"
              .formatted(count, TOKENS),
          Refusal.of(IllegalArgumentException.class, () -> store.first(count)));
    }
  }

  @Test
  void aBatchOfAnotherWidthOrANegativePositionIsRefused() {
    ActivationBatches batches = store().shuffled(device, 1);
    assertEquals(
        "batch: is [4, 3], activations are 2 wide; columns must equal d_in",
        Refusal.of(IllegalArgumentException.class, () -> batches.next(device.floats(4, 3))));
    assertThrows(IllegalArgumentException.class, () -> batches.seek(-1));
  }
}
