package mechinterp.activation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.InsufficientMemoryException;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HarvesterTest {
  @TempDir Path folder;

  private final Device device = CpuDevice.scalar();
  private final Transformer model = LetterModel.on(device);
  private final Harvester harvester = Harvester.of(model, LetterModel.HOOK);

  @AfterEach
  void close() {
    device.close();
  }

  private static Corpus corpus(String... texts) {
    return Corpus.of(
        "letters",
        IntStream.range(0, texts.length)
            .mapToObj(i -> new Document("doc " + i, texts[i]))
            .toList());
  }

  /** Returns [first column, second column, third column] of all rows. */
  private static int[][] columns(ActivationStore store) {
    float[] rows = new float[store.tokens() * 3];
    store.read(0, store.tokens(), rows, 0);
    int[][] columns = new int[3][store.tokens()];
    for (int i = 0; i < rows.length; i++) {
      columns[i % 3][i / 3] = (int) rows[i];
    }
    return columns;
  }

  private static int[] ints(int... values) {
    return values;
  }

  @Test
  void activationsComeInTheOrderOfTheTextWithTheirOrigins() throws IOException {
    ActivationStore store = harvester.collect(corpus("abc", "d", "ef"), 100);
    assertArrayEquals(LetterModel.ids("abcdef"), columns(store)[0]);
    assertArrayEquals(ints(1, 2, 3, 1, 1, 2), columns(store)[1]);
    TokenOrigins origins = store.origins(0, 6);
    assertArrayEquals(LetterModel.ids("abcdef"), origins.tokenIds());
    assertArrayEquals(ints(0, 0, 0, 1, 2, 2), origins.documents());
    assertArrayEquals(ints(0, 1, 2, 0, 0, 1), origins.positions());
  }

  @Test
  void longDocumentsAreCutIntoWindowsWithSpecialTokensAround() throws IOException {
    ActivationStore store = harvester.collect(corpus("abcdefghijklmn", "xy"), 100);
    assertArrayEquals(LetterModel.ids("abcdefghijklmnxy"), columns(store)[0]);
    assertArrayEquals(ints(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 1, 2), columns(store)[1]);
    assertArrayEquals(LetterModel.ids("aaaaaaggggggmmxx"), columns(store)[2]);
    assertArrayEquals(
        ints(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1), store.origins(0, 16).positions());
  }

  @Test
  void specialTokensAreKeptWhenAskedForAndTheIdentitySaysSo() throws IOException {
    Harvester keeping = harvester.with(harvester.config().withSpecialTokens(true));
    ActivationStore store = keeping.collect(corpus("abcdefg", "x"), 100);
    int[] ids = {26, 0, 1, 2, 3, 4, 5, 27, 26, 6, 27, 26, 23, 27};
    assertArrayEquals(ids, columns(store)[0]);
    assertArrayEquals(
        ints(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2), store.origins(0, 14).positions());
    String text = store.identity().orElseThrow().text();
    assertTrue(text.endsWith(", contexts of 8 tokens, with special tokens"), text);
    String without = harvester.identity(corpus("a")).text();
    assertTrue(without.endsWith(", contexts of 8 tokens, without special tokens"), without);
  }

  @Test
  void eachWindowBeginsWithTheBeginOfTextTokenUnlessThatIsNotWanted() throws IOException {
    Harvester begun =
        Harvester.of(LetterModel.on(device, OptionalInt.of(LetterModel.SEP)), LetterModel.HOOK);
    ActivationStore store = begun.collect(corpus("abcdefg"), 100);
    assertArrayEquals(LetterModel.ids("abcdefg"), columns(store)[0]);
    assertArrayEquals(ints(2, 3, 4, 5, 6, 2, 3), columns(store)[1]);
    String text = store.identity().orElseThrow().text();
    assertTrue(text.endsWith(", contexts of 8 tokens from BOS on, without special tokens"), text);

    ActivationStore plain =
        begun.with(begun.config().withPrependBos(false)).collect(corpus("abcdefg"), 100);
    assertArrayEquals(ints(1, 2, 3, 4, 5, 6, 1), columns(plain)[1]);
    assertTrue(plain.identity().orElseThrow().text().endsWith("8 tokens, without special tokens"));
  }

  @Test
  void theIdentityNamesModelHookTokenizerAndText() throws IOException {
    Corpus corpus = corpus("abc");
    assertEquals(
        Optional.of(
            new ActivationIdentity(
                "letters v1",
                "blocks.0.hook_resid_post",
                "letters",
                corpus.identity() + ", contexts of 8 tokens, without special tokens")),
        harvester.collect(corpus, 2).identity());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 6, 7, 30, 31})
  void exactlyTheTokensWantedAreHarvested(int wanted) throws IOException {
    Corpus corpus = corpus("abcdefghij", "-", "klmnopqrst", "uvwxy", "abcdef");
    List<String> progress = new ArrayList<>();
    ActivationStore store =
        harvester
            .with(
                new HarvestListener() {
                  @Override
                  public void harvested(long done, long all) {
                    progress.add(done + "/" + all);
                  }

                  @Override
                  public void textEnded(long done, long all) {
                    progress.add("ended at " + done);
                  }
                })
            .collect(corpus, wanted);
    int[] all = LetterModel.ids("abcdefghijklmnopqrstuvwxyabcdef");
    assertArrayEquals(Arrays.copyOf(all, wanted), columns(store)[0]);
    assertEquals(wanted + "/" + wanted, progress.getLast());
  }

  @Test
  void aTextThatIsTooShortIsTold() throws IOException {
    List<Long> ended = new ArrayList<>();
    HarvestListener listener =
        new HarvestListener() {
          @Override
          public void harvested(long done, long wanted) {
            assertEquals(50, wanted);
          }

          @Override
          public void textEnded(long done, long wanted) {
            ended.add(done);
          }
        };
    ActivationStore store = harvester.with(listener).collect(corpus("abc", "de"), 50);
    assertEquals(5, store.tokens());
    assertEquals(List.of(5L), ended);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8, 9, 17, 1000})
  void theSizeOfABatchChangesNothing(int tokensPerBatch) throws IOException {
    Corpus corpus = corpus("abcdefghijklmnopqrstuvwxy", "a", "bc", "defghijklmnop", "q");
    HarvestConfig config =
        new HarvestConfig(7, tokensPerBatch, true, true, Normalization.Method.NONE);
    HarvestConfig other = new HarvestConfig(7, 20, true, true, Normalization.Method.NONE);
    ActivationStore store = harvester.with(config).collect(corpus, 40);
    ActivationStore expected = harvester.with(other).collect(corpus, 40);
    assertArrayEquals(columns(expected), columns(store));
    assertArrayEquals(expected.origins(0, 40).positions(), store.origins(0, 40).positions());
  }

  @Test
  void aFolderHoldsTheSameAsMemory() throws IOException {
    Corpus corpus = corpus("abcdefghij", "klm");
    Harvester normalising =
        harvester.with(
            harvester.config().withNormalization(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN));
    ActivationStore memory = normalising.collect(corpus, 12);
    try (ActivationStore files = normalising.collect(corpus, 12, folder.resolve("a/store"))) {
      assertArrayEquals(columns(memory), columns(files));
      assertEquals(memory.identity(), files.identity());
      assertEquals(memory.normalization(), files.normalization());
      assertEquals(Normalization.expectedAverageOnlyIn(files), files.normalization());
      assertArrayEquals(memory.origins(0, 12).documents(), files.origins(0, 12).documents());
    }
  }

  @Test
  void activationsOfSeveralHookPointsStandSideBySide() throws IOException {
    Harvester both =
        Harvester.of(model, List.of(LetterModel.PLACES, LetterModel.HOOK))
            .with(
                harvester
                    .config()
                    .withNormalization(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN));
    Corpus corpus = corpus("abcdefghij", "klm");
    int[][] expected = columns(harvester.collect(corpus, 12));
    ActivationStore memory = both.collect(corpus, 12);
    try (ActivationStore files = both.collect(corpus, 12, folder.resolve("both"))) {
      assertEquals(4, files.dIn());
      assertEquals(memory.sites(), files.sites());
      assertEquals(
          List.of("blocks.0.hook_places", "blocks.0.hook_resid_post"),
          files.sites().stream().map(Site::hook).toList());
      assertEquals(
          "blocks.0.hook_places + blocks.0.hook_resid_post", files.identity().orElseThrow().hook());
      assertEquals(
          files.sites(), files.normalized(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN).sites());
      float[] rows = new float[12 * 4];
      files.read(0, 12, rows, 0);
      double places = 0;
      for (int t = 0; t < 12; t++) {
        assertEquals(expected[1][t] + 1, rows[4 * t]);
        places += rows[4 * t];
        for (int column = 0; column < 3; column++) {
          assertEquals(expected[column][t], rows[4 * t + 1 + column]);
        }
      }
      assertEquals(12 / places, files.sites().getFirst().normalization().scale(), 1e-12);
      FloatMatrix batch = device.floats(12, 4);
      files.shuffled(device, 1).next(batch);
      double scaled = 0;
      for (float place : device.toHost(batch.columnRange(0, 1))) {
        scaled += place / 12;
      }
      assertEquals(1, scaled, 1e-6);
    }
  }

  @Test
  void theSameHookPointTwiceIsRefused() {
    List<HookPoint> twice = List.of(LetterModel.HOOK, LetterModel.HOOK);
    assertEquals(
        "hooks: are [blocks.0.hook_resid_post, blocks.0.hook_resid_post]; there must be one, and none twice",
        Refusal.of(IllegalArgumentException.class, () -> Harvester.of(model, twice)));
  }

  @Test
  void notANumberIsRefusedByDocumentAndTokenAndLeavesNothing() throws IOException {
    Corpus corpus = corpus("abc", "abcdefghz");
    String expected =
        "harvest: blocks.0.hook_resid_post of document \"doc 1\", token 8 (z) is NaN at dimension 0; it must be a finite number";
    assertEquals(
        expected, Refusal.of(ArithmeticException.class, () -> harvester.collect(corpus, 100)));
    assertThrows(
        ArithmeticException.class,
        () -> harvester.collect(corpus, 100, folder.resolve("new/store")));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
    assertEquals(11, harvester.collect(corpus, 11).tokens());
  }

  @Test
  void aCorpusWithoutTokensIsRefused() throws IOException {
    assertEquals(
        "corpus letters: has 2 documents and no token in them; at least one is needed",
        Refusal.of(FormatException.class, () -> harvester.collect(corpus("-", "--"), 10)));
    Corpus part = new CorpusSplit(corpus("abc"), 1e-9, 1).heldOut();
    assertEquals(
        "corpus letters (held-out part): has no text; at least one document is needed",
        Refusal.of(FormatException.class, () -> harvester.collect(part, 10)));
  }

  @Test
  void settingsThatCannotBeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Harvester.of(model, HookPoint.residPost(1)));
    assertEquals(
        "max_context: is 9; letters takes at most 8 tokens",
        Refusal.of(
            IllegalArgumentException.class, () -> harvester.with(HarvestConfig.ofContext(9))));
    assertEquals(
        "max_context: is 2, 2 special tokens stand around a text; there must be room for more",
        Refusal.of(
            IllegalArgumentException.class,
            () -> harvester.with(HarvestConfig.ofContext(2)).collect(corpus("a"), 1)));
    assertThrows(IllegalArgumentException.class, () -> HarvestConfig.ofContext(0));
    assertThrows(IllegalArgumentException.class, () -> harvester.collect(corpus("a"), 0));
  }

  @Test
  void whatDoesNotFitIntoMemoryIsRefusedBeforeItBegins() {
    assumeTrue(Runtime.getRuntime().maxMemory() < 24L * Integer.MAX_VALUE);
    Corpus unread = new CorpusSplit(corpus("a"), 0.5, 1).training();
    String message =
        Refusal.of(
            InsufficientMemoryException.class, () -> harvester.collect(unread, Integer.MAX_VALUE));
    assertTrue(message.startsWith("harvest: 2147483647 activations of width 3 need "), message);
  }

  @Test
  void aFolderThatHoldsSomethingIsRefusedBeforeAnythingRuns() throws IOException {
    Files.writeString(folder.resolve("precious"), "x");
    Harvester failing = harvester.with((done, wanted) -> assertEquals(-1, done));
    assertEquals(
        folder + ": is there and is not empty; a new or an empty folder is needed",
        Refusal.of(IOException.class, () -> failing.collect(corpus("abc"), 3, folder)));
  }
}
