package mechinterp.activation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.InsufficientMemoryException;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamedBatchesTest {
  private static final int LETTERS = 25;
  private static final int TOKENS = 2 * LETTERS * LETTERS;

  private final Device device = CpuDevice.scalar();
  private final Harvester harvester = Harvester.of(LetterModel.on(device), LetterModel.HOOK);

  @AfterEach
  void close() {
    device.close();
  }

  /**
   * All pairs of letters but z: the activation [b, 2, a] is that of the second token of one
   * document.
   */
  private static Corpus pairs() {
    return Corpus.of(
        "pairs",
        IntStream.range(0, LETTERS * LETTERS)
            .mapToObj(i -> new Document("pair " + i, letter(i / LETTERS) + letter(i % LETTERS)))
            .toList());
  }

  private static String letter(int number) {
    return String.valueOf((char) ('a' + number));
  }

  private static StreamConfig config(int buffer, long seed) {
    return new StreamConfig(buffer, Normalization.Method.NONE, Optional.empty(), seed);
  }

  private StreamedBatches stream(int buffer) throws IOException {
    return harvester.stream(pairs(), config(buffer, 7));
  }

  private List<String> draw(ActivationBatches batches, int batchSize, int tokens) {
    FloatMatrix batch = device.floats(batchSize, 3);
    List<String> drawn = new ArrayList<>();
    while (drawn.size() < tokens) {
      batches.next(batch);
      float[] rows = device.toHost(batch);
      for (int i = 0; i < rows.length; i += 3) {
        drawn.add(rows[i] + " " + rows[i + 1] + " " + rows[i + 2]);
      }
    }
    return drawn.subList(0, tokens);
  }

  private List<String> inOrder(int tokens) throws IOException {
    ActivationStore store = harvester.collect(pairs(), TOKENS);
    float[] row = new float[3];
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < tokens; i++) {
      store.read(i % TOKENS, 1, row, 0);
      rows.add(row[0] + " " + row[1] + " " + row[2]);
    }
    return rows;
  }

  private static List<String> sorted(List<String> rows, int from, int to) {
    return rows.subList(from, to).stream().sorted().toList();
  }

  @ParameterizedTest
  @CsvSource({"200, 64", "97, 13", "1250, 100", "2000, 7"})
  void eachBufferHoldsTheNextTokensOfTheTextAndTheTextBeginsAgain(int buffer, int batchSize)
      throws IOException {
    int tokens = 2 * TOKENS / buffer * buffer;
    List<String> expected = inOrder(tokens);
    try (StreamedBatches stream = stream(buffer)) {
      List<String> drawn = draw(stream, batchSize, tokens);
      for (int from = 0; from < tokens; from += buffer) {
        assertEquals(sorted(expected, from, from + buffer), sorted(drawn, from, from + buffer));
      }
    }
  }

  /** Spearman's correlation of the place in the text and the place in the batches. */
  private static double rankCorrelation(List<Integer> places) {
    int n = places.size();
    int[] order = places.stream().mapToInt(Integer::intValue).toArray();
    int[] ranked = order.clone();
    Arrays.sort(ranked);
    double squares = 0;
    for (int i = 0; i < n; i++) {
      squares += Math.pow(Arrays.binarySearch(ranked, order[i]) - i, 2);
    }
    return 1 - 6 * squares / (n * ((double) n * n - 1));
  }

  private static List<Integer> seconds(List<String> drawn) {
    List<Integer> numbers = new ArrayList<>();
    for (String row : drawn) {
      String[] columns = row.split(" ", -1);
      if (Float.parseFloat(columns[1]) == 2) {
        numbers.add((int) (LETTERS * Float.parseFloat(columns[2]) + Float.parseFloat(columns[0])));
      }
    }
    return numbers;
  }

  /** Of uncorrelated places the correlation has the deviation 1 / sqrt(n - 1). */
  @ParameterizedTest
  @ValueSource(ints = {312, 625, 1250})
  void placesInTheTextAndInTheBatchesOfABufferAreUncorrelated(int buffer) throws IOException {
    try (StreamedBatches stream = stream(buffer)) {
      for (int round = 0; round < TOKENS / buffer; round++) {
        List<Integer> places = seconds(draw(stream, 2, buffer));
        double correlation = rankCorrelation(places);
        double bound = 3.5 / Math.sqrt(places.size() - 1);
        assertTrue(Math.abs(correlation) < bound, correlation + " of " + bound);
      }
    }
    List<Integer> unmixed = seconds(inOrder(TOKENS));
    assertEquals(1, rankCorrelation(unmixed), 1e-12, "the text itself is in order");
  }

  @Test
  void ordersDifferBetweenBuffersAndSeeds() throws IOException {
    try (StreamedBatches stream = stream(TOKENS);
        StreamedBatches same = stream(TOKENS);
        StreamedBatches other = harvester.stream(pairs(), config(TOKENS, 8))) {
      List<String> first = draw(stream, 4, TOKENS);
      assertEquals(first, draw(same, 26, TOKENS));
      assertNotEquals(first, draw(stream, 4, TOKENS));
      assertNotEquals(first, draw(other, 4, TOKENS));
      assertEquals(stream.identity(), same.identity());
      assertNotEquals(stream.identity(), other.identity());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 99, 100, 1249, 1250, 2703, 4999})
  void seekingGoesOnAsIfDrawn(long position) throws IOException {
    try (StreamedBatches whole = stream(100);
        StreamedBatches fresh = stream(100)) {
      List<String> all = draw(whole, 1, 5300);
      fresh.seek(position);
      List<String> rest = draw(fresh, 11, 220);
      assertEquals(all.subList((int) position, (int) position + 220), rest);
      assertEquals(position + 220, fresh.position());
      whole.seek(position);
      assertEquals(rest, draw(whole, 20, 220));
    }
  }

  @Test
  void theScaleIsThatOfTheFirstBuffer() throws IOException {
    StreamConfig scaled =
        new StreamConfig(
            TOKENS, Normalization.Method.EXPECTED_AVERAGE_ONLY_IN, Optional.empty(), 7);
    Normalization expected =
        Normalization.expectedAverageOnlyIn(harvester.collect(pairs(), TOKENS));
    try (StreamedBatches plain = stream(TOKENS);
        StreamedBatches stream = harvester.stream(pairs(), scaled)) {
      assertEquals(expected.scale(), stream.sites().getFirst().normalization().scale(), 1e-12);
      FloatMatrix batch = device.floats(50, 3);
      stream.next(batch);
      float[] found = device.toHost(batch);
      plain.next(batch);
      float[] raw = device.toHost(batch);
      expected.apply(raw, 0, raw.length);
      assertArrayEquals(raw, found, 1e-6f);
    }
  }

  @Test
  void activationsThatAreTooLongAreLeftOutAndOthersOfTheBufferComeTwice() throws IOException {
    StreamConfig filtered =
        new StreamConfig(TOKENS, Normalization.Method.NONE, Optional.of(1.2), 7);
    try (StreamedBatches stream = harvester.stream(pairs(), filtered)) {
      double largest = stream.outlierLimit().orElseThrow().largestNorm();
      long longer = inOrder(TOKENS).stream().filter(row -> norm(row) > largest).count();
      assertTrue(longer > 10, "there must be some: " + longer);
      assertEquals(longer, stream.dropped());
      List<String> drawn = draw(stream, 13, TOKENS);
      assertTrue(drawn.stream().allMatch(row -> norm(row) <= largest));
      List<String> kept =
          inOrder(TOKENS).stream().filter(row -> norm(row) <= largest).sorted().toList();
      assertEquals(kept, drawn.subList(0, kept.size()).stream().sorted().toList());
      assertEquals(drawn.subList(0, (int) longer), drawn.subList(kept.size(), TOKENS));
    }
  }

  private static double norm(String row) {
    return Math.sqrt(
        Arrays.stream(row.split(" ", -1)).mapToDouble(Double::parseDouble).map(x -> x * x).sum());
  }

  @Test
  void memoryIsPlannedByPartAndRefusedBeforeTheModelRuns() {
    assertEquals(4L * 200 * 3, harvester.streamPlan(config(200, 1)).bytes().get("buffer"));
    assertTrue(
        Refusal.of(
                InsufficientMemoryException.class,
                () -> harvester.stream(pairs(), config(700_000_000, 1)))
            .startsWith("stream of activations: needs "));
    assertEquals(
        "buffer_tokens: is 1000000000 for activations of width 3; there must be fewer than 2^31 numbers",
        Refusal.of(
            IllegalArgumentException.class,
            () -> harvester.stream(pairs(), config(1_000_000_000, 1))));
  }

  @Test
  void wrongSettingsAndTextsWithoutTokensAreRefused() {
    assertEquals(
        "buffer_tokens: is 1; it must be at least 2",
        Refusal.of(IllegalArgumentException.class, () -> config(1, 1)));
    assertEquals(
        "max_activation_norm: is 0.5; it must be at least 1, a multiple of the median norm",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new StreamConfig(9, Normalization.Method.NONE, Optional.of(0.5), 1)));
    Corpus empty = Corpus.of("dots", List.of(new Document("a", "...")));
    assertEquals(
        "corpus dots: has no token; at least one is needed",
        Refusal.of(FormatException.class, () -> harvester.stream(empty, config(9, 1))));
  }
}
