package mechinterp.activation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.io.AtomicFolder;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsWriter;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ActivationStoreTest {
  private static final int D_IN = 5;
  private static final int TOKENS = 23;
  private static final ActivationIdentity IDENTITY =
      new ActivationIdentity("model-a", "blocks.3.hook_resid_post", "tokenizer-a", "text-a");

  @TempDir Path folder;

  private static float[] values() {
    float[] values = new float[TOKENS * D_IN];
    RandomStream.of(3, "values").fillGaussian(values, 0, 2);
    return values;
  }

  private static TokenOrigins origins() {
    TokenOrigins origins = TokenOrigins.ofSize(TOKENS);
    for (int i = 0; i < TOKENS; i++) {
      origins.set(i, 1000 + i, i / 4, i % 4);
    }
    return origins;
  }

  private static ActivationStore inMemory() {
    return ActivationStore.inMemory(D_IN, values(), origins(), IDENTITY);
  }

  /** A store of shards of 7 tokens, the last of 2. */
  private Path shards(Normalization normalization) throws IOException {
    Path target = folder.resolve("store");
    float[] values = values();
    TokenOrigins origins = origins();
    AtomicFolder.write(
        target,
        inside -> {
          StoreFolder files = new StoreFolder(inside);
          ShardBuilder builder = new ShardBuilder(D_IN, TOKENS + 100, 7, files::add);
          for (int i = 0; i < TOKENS; i++) {
            builder.add(
                values, i * D_IN, origins.tokenId(i), origins.document(i), origins.position(i));
          }
          builder.finish();
          files.finish(IDENTITY, List.of(new Site(IDENTITY.hook(), D_IN, normalization)));
        });
    return target;
  }

  private static void edit(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    assertTrue(text.contains(from), text);
    Files.writeString(file, text.replace(from, to));
  }

  private static void assertHoldsTheValues(ActivationStore store) {
    float[] expected = values();
    for (int first = 0; first < TOKENS; first++) {
      for (int count = 0; count <= TOKENS - first; count++) {
        float[] read = new float[count * D_IN + 1];
        store.read(first, count, read, 1);
        for (int i = 0; i < count * D_IN; i++) {
          assertEquals(expected[first * D_IN + i], read[i + 1]);
        }
        assertHoldsTheOrigins(store, first, count);
      }
    }
  }

  private static void assertHoldsTheOrigins(ActivationStore store, int first, int count) {
    TokenOrigins read = store.origins(first, count);
    assertEquals(count, read.size());
    for (int i = 0; i < count; i++) {
      assertEquals(1000 + first + i, read.tokenId(i));
      assertEquals((first + i) / 4, read.document(i));
      assertEquals((first + i) % 4, read.position(i));
    }
  }

  @Test
  void everyRangeOfRowsIsReadAlikeFromMemoryAndFromShards() throws IOException {
    assertHoldsTheValues(inMemory());
    Normalization normalization =
        new Normalization(Normalization.Method.EXPECTED_AVERAGE_ONLY_IN, 1 / 3.0);
    try (ActivationStore store = ActivationStore.open(shards(normalization))) {
      assertEquals(TOKENS, store.tokens());
      assertEquals(D_IN, store.dIn());
      assertEquals(Optional.of(IDENTITY), store.identity());
      assertEquals(normalization, store.normalization());
      assertHoldsTheValues(store);
    }
    try (Stream<Path> files = Files.list(folder.resolve("store"))) {
      assertEquals(5, files.count());
    }
  }

  @Test
  void rowsAreGatheredInAnyOrder() throws IOException {
    int[] order = RandomStream.of(5, "order").permutation(TOKENS);
    try (ActivationStore store = ActivationStore.open(shards(Normalization.NONE))) {
      float[] gathered = new float[20 * D_IN];
      store.gather(order, 3, 20, gathered, 0);
      float[] expected = values();
      for (int i = 0; i < 20 * D_IN; i++) {
        assertEquals(expected[order[3 + i / D_IN] * D_IN + i % D_IN], gathered[i]);
      }
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> store.gather(new int[] {TOKENS}, 0, 1, gathered, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> store.read(TOKENS, 1, gathered, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> store.read(0, 21, gathered, 0));
    }
  }

  @Test
  void aSavedStoreComesBack() throws IOException {
    Path target = folder.resolve("saved");
    ActivationStore memory = inMemory();
    memory.withNormalization(Normalization.expectedAverageOnlyIn(memory)).save(target);
    try (ActivationStore store = ActivationStore.open(target)) {
      assertHoldsTheValues(store);
      assertEquals(Normalization.expectedAverageOnlyIn(memory), store.normalization());
    }
    assertThrows(IOException.class, () -> memory.save(target));
  }

  @Test
  void theScaleMakesTheMeanNormTheRootOfTheWidth() {
    ActivationStore store = inMemory();
    Normalization normalization = Normalization.expectedAverageOnlyIn(store);
    float[] values = values();
    normalization.apply(values, 0, values.length);
    double sum = 0;
    for (int row = 0; row < TOKENS; row++) {
      double squares = 0;
      for (int i = 0; i < D_IN; i++) {
        squares += Math.pow(values[row * D_IN + i], 2);
      }
      sum += Math.sqrt(squares);
    }
    assertEquals(Math.sqrt(D_IN), sum / TOKENS, 1e-6);
    ActivationStore zeros = ActivationStore.inMemory(2, new float[4]);
    assertThrows(IllegalArgumentException.class, () -> Normalization.expectedAverageOnlyIn(zeros));
    assertThrows(
        IllegalArgumentException.class, () -> new Normalization(Normalization.Method.NONE, 2));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void activationsComeFromASafetensorsFile(DType dtype) throws IOException {
    Path file = folder.resolve("x.safetensors");
    float[] values = {1, -2, 0.5f, 0, 3, 1.25f};
    new SafetensorsWriter()
        .ints("other", new int[1], 1)
        .tensor("activations", dtype, sink -> sink.floats(values, 0, 6), 3, 2)
        .write(file);
    try (ActivationStore store = ActivationStore.ofSafetensors(file)) {
      float[] read = new float[6];
      store.read(0, 3, read, 0);
      assertArrayEquals(values, read);
      assertEquals(Optional.empty(), store.identity());
      assertEquals(
          "activations "
              + file
              + ": has no token data; contexts need a store that was harvested from text",
          Refusal.of(IllegalStateException.class, () -> store.origins(0, 1)));
      store.requireSameSource(IDENTITY);
      assertThrows(IllegalStateException.class, () -> store.save(folder.resolve("s")));
      assertFalse(Files.exists(folder.resolve("s")));
    }
  }

  @Test
  void whatIsNotFiniteIsRefusedByRowAndColumn() throws IOException {
    Path file = folder.resolve("x.safetensors");
    int rows = 200_000;
    float[] values = new float[rows * 3];
    values[(rows - 2) * 3 + 1] = Float.NaN;
    new SafetensorsWriter().floats("activations", values, rows, 3).write(file);
    assertEquals(
        file + ": activations[row 199998, column 1] is NaN; it must be a finite number",
        Refusal.of(FormatException.class, () -> ActivationStore.ofSafetensors(file)));
    assertEquals(
        "activations: row 1, column 0 is -Infinity; it must be a finite number",
        Refusal.of(
            IllegalArgumentException.class,
            () -> ActivationStore.inMemory(2, new float[] {0, 0, Float.NEGATIVE_INFINITY, 0})));
  }

  @Test
  void filesWithoutUsableActivationsAreRefused() throws IOException {
    Path file = folder.resolve("x.safetensors");
    List<SafetensorsWriter> wrong =
        List.of(
            new SafetensorsWriter().floats("acts", new float[2], 1, 2),
            new SafetensorsWriter().floats("activations", new float[2], 2),
            new SafetensorsWriter().floats("activations", new float[0], 0, 2),
            new SafetensorsWriter().floats("activations", new float[0], 2, 0),
            new SafetensorsWriter().ints("activations", new int[2], 1, 2));
    List<String> messages = new ArrayList<>();
    for (SafetensorsWriter writer : wrong) {
      writer.write(file);
      messages.add(Refusal.of(FormatException.class, () -> ActivationStore.ofSafetensors(file)));
    }
    assertEquals(
        List.of(
            file + ": has no tensor \"activations\"; its tensors are [acts]",
            file + ": tensor \"activations\" is [2]; it must be [any, any]",
            file + ": activations is [0, 2]; there must be a row and a column",
            file + ": activations is [2, 0]; there must be a row and a column",
            file + ": activations is I32; it must be F32, F16, BF16 or F64"),
        messages);
  }

  @Test
  void aFlippedBitInAShardIsFoundOnOpening() throws IOException {
    Path store = shards(Normalization.NONE);
    Path shard = store.resolve("shard-00001.safetensors");
    byte[] content = Files.readAllBytes(shard);
    content[content.length - 100] ^= 1;
    Files.write(shard, content);
    String message = Refusal.of(FormatException.class, () -> ActivationStore.open(store));
    assertTrue(message.startsWith(shard + ": checksum is crc32c:"), message);
    assertTrue(message.endsWith("the shard is corrupted"), message);
  }

  @Test
  void aTruncatedOrMissingShardIsNamed() throws IOException {
    Path store = shards(Normalization.NONE);
    Path shard = store.resolve("shard-00002.safetensors");
    byte[] content = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(content, content.length - 1));
    assertTrue(
        Refusal.of(FormatException.class, () -> ActivationStore.open(store))
            .startsWith(shard + ": header: "));
    Files.delete(shard);
    assertEquals(
        shard + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> ActivationStore.open(store)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "format_version": 1 | "format_version": 2 | field format_version is 2; it must be 1
          "d_in": 5 | "d_in": 0 | field d_in is 0; it must be at least 1
          "tokens": 23 | "tokens": 24 | field tokens is 24; it must be the shards' sum 23
          "dtype": "F32" | "dtype": "F16" | field dtype is F16; it must be F32
          "hook": | "hock": | field identity.hook: is missing
          shard-00001 | ../../etc/x | field shards[1].file is ../../etc/x.safetensors; it must be shard-00001.safetensors
          "scale": 1.0 | "scale": -1.0 | field normalization: scale is -1.0; it must be a positive number
          "method": "none" | "method": "magic" | field normalization.method:
          """)
  void aWrongHeaderIsRefusedByItsField(String from, String to, String expected) throws IOException {
    Path store = shards(Normalization.NONE);
    Path header = store.resolve("store.json");
    edit(header, from, to);
    String message = Refusal.of(FormatException.class, () -> ActivationStore.open(store));
    assertTrue(message.startsWith(header + ": " + expected), message);
  }

  @Test
  void aHeaderThatDisagreesWithItsShardIsRefused() throws IOException {
    Path store = shards(Normalization.NONE);
    edit(store.resolve("store.json"), "\"d_in\": 5", "\"d_in\": 6");
    String message = Refusal.of(FormatException.class, () -> ActivationStore.open(store));
    assertTrue(message.endsWith("tensor \"activations\" is [7, 5]; it must be [7, 6]"), message);
  }

  @Test
  void aFolderWithoutHeaderIsNotAStore() throws IOException {
    assertEquals(
        folder + ": has no store.json; an activation store is a folder with one",
        Refusal.of(FormatException.class, () -> ActivationStore.open(folder)));
    Path none = folder.resolve("none");
    assertTrue(
        Refusal.of(IOException.class, () -> ActivationStore.open(none))
            .startsWith(none.toString()));
    Files.write(folder.resolve("store.json"), "{}".getBytes(StandardCharsets.UTF_8));
    assertThrows(FormatException.class, () -> ActivationStore.open(folder));
  }

  @Test
  void anotherSourceIsRefusedByTheFieldThatDiffers() {
    ActivationStore store = inMemory();
    store.requireSameSource(
        new ActivationIdentity("model-a", "blocks.3.hook_resid_post", "tokenizer-a", "text-b"));
    assertEquals(
        "activations in memory: model is \"model-a\"; expected \"model-b\"",
        refusal(store, new ActivationIdentity("model-b", "x", "y", "z")));
    assertEquals(
        "activations in memory: hook is \"blocks.3.hook_resid_post\"; expected"
            + " \"blocks.2.hook_resid_post\"",
        refusal(
            store,
            new ActivationIdentity(
                "model-a", "blocks.2.hook_resid_post", "tokenizer-a", "text-a")));
    assertEquals(
        "activations in memory: tokenizer is \"tokenizer-a\"; expected \"other\"",
        refusal(
            store,
            new ActivationIdentity("model-a", "blocks.3.hook_resid_post", "other", "text-a")));
  }

  private static String refusal(ActivationStore store, ActivationIdentity expected) {
    return Refusal.of(IllegalArgumentException.class, () -> store.requireSameSource(expected));
  }

  @Test
  void someHookPointsOfAStoreAreReadAlone() throws IOException {
    List<Site> sites =
        List.of(
            new Site("a", 1, Normalization.NONE),
            new Site("b", D_IN - 2, Normalization.NONE),
            new Site("c", 1, Normalization.NONE));
    float[] values = values();
    Path target = folder.resolve("several");
    ActivationStore.inMemory(sites, values, origins(), IDENTITY).save(target);
    try (ActivationStore store = ActivationStore.open(target).at(List.of("b", "c"))) {
      assertEquals(D_IN - 1, store.dIn());
      assertEquals(sites.subList(1, 3), store.sites());
      assertEquals("b + c", store.identity().orElseThrow().hook());
      float[] read = new float[TOKENS * (D_IN - 1)];
      store.read(0, TOKENS, read, 0);
      for (int i = 0; i < read.length; i++) {
        assertEquals(values[i / (D_IN - 1) * D_IN + 1 + i % (D_IN - 1)], read[i]);
      }
      assertEquals(origins().position(5), store.origins(5, 1).position(0));
      assertEquals(
          "hook: is c, b, activation store %s is of b, c; it must be some of those, side by side"
              .formatted(target),
          Refusal.of(IllegalArgumentException.class, () -> store.at(List.of("c", "b"))));
    }
  }

  @Test
  void wrongArraysAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> ActivationStore.inMemory(3, new float[4]));
    assertThrows(IllegalArgumentException.class, () -> ActivationStore.inMemory(3, new float[0]));
    assertThrows(
        IllegalArgumentException.class,
        () -> ActivationStore.inMemory(D_IN, new float[D_IN], origins(), IDENTITY));
    assertThrows(
        IllegalArgumentException.class, () -> new TokenOrigins(new int[2], new int[2], new int[1]));
  }
}
