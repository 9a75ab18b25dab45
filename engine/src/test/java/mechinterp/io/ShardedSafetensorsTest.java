package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";
  private static final String MAP =
      """
      {"metadata": {"total_size": 28, "total_parameters": 7},
       "weight_map": {"h.0.w": "%s", "h.1.w": "%s", "wte": "%s"}}
      """
          .formatted(FIRST, SECOND, FIRST);

  @TempDir Path folder;

  @BeforeEach
  void writeShards() throws IOException {
    new SafetensorsWriter()
        .floats("wte", new float[] {1, 2, 3, 4}, 2, 2)
        .floats("h.0.w", new float[] {5, 6}, 2)
        .floats("unlisted", new float[] {9}, 1)
        .write(folder.resolve(FIRST));
    new SafetensorsWriter().floats("h.1.w", new float[] {7}, 1).write(folder.resolve(SECOND));
  }

  private void writeIndex(String json) throws IOException {
    Files.writeString(folder.resolve(ShardedSafetensors.INDEX), json);
  }

  private String refusal(String json) throws IOException {
    writeIndex(json);
    String message =
        Refusal.of(FormatException.class, () -> ShardedSafetensors.open(folder).close());
    String file = folder.resolve(ShardedSafetensors.INDEX) + ": ";
    assertTrue(message.startsWith(file), message);
    return message.substring(file.length());
  }

  @Test
  void tensorsComeFromTheShardThatTheIndexNames() throws IOException {
    writeIndex(MAP);
    try (ShardedSafetensors model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("wte", "h.0.w", "h.1.w"), model.tensors());
      assertEquals(2, model.files().size());
      assertEquals(32, model.dataBytes());
      assertArrayEquals(new float[] {5, 6}, model.floats("h.0.w"));
      assertArrayEquals(new float[] {7}, model.floats("h.1.w"));
      assertArrayEquals(new float[] {3, 4}, model.floats("wte", 1, 1));
      assertEquals(List.of(2L, 2L), model.info("wte").shape());
      String missing = Refusal.of(FormatException.class, () -> model.floats("lm_head"));
      assertTrue(missing.contains("index.json: has no tensor \"lm_head\""), missing);
    }
  }

  @Test
  void aSingleFileWinsOverAnIndex() throws IOException {
    writeIndex("broken");
    new SafetensorsWriter()
        .floats("wte", new float[] {8}, 1)
        .write(folder.resolve(ShardedSafetensors.SINGLE));
    try (ShardedSafetensors model = ShardedSafetensors.open(folder)) {
      assertEquals(Set.of("wte"), model.tensors());
      assertArrayEquals(new float[] {8}, model.floats("wte"));
      assertEquals(folder.resolve(ShardedSafetensors.SINGLE).toString(), model.source());
    }
  }

  @Test
  void aFolderWithoutWeightsIsRefused() {
    assertEquals(
        folder + ": has neither model.safetensors nor model.safetensors.index.json",
        Refusal.of(IOException.class, () -> ShardedSafetensors.open(folder)));
  }

  @Test
  void anIndexThatListsWhatIsNotThereIsRefused() throws IOException {
    assertEquals(
        "weight_map.h.1.w is \"model-00003-of-00003.safetensors\"; expected a file that exists beside the index",
        refusal("{\"weight_map\": {\"h.1.w\": \"model-00003-of-00003.safetensors\"}}"));
    assertEquals(
        "weight_map.lm_head is \"" + SECOND + "\"; expected a file that has this tensor",
        refusal("{\"weight_map\": {\"lm_head\": \"" + SECOND + "\"}}"));
    assertEquals("weight_map is missing; expected an object", refusal("{}"));
    assertEquals("weight_map.a is 1; expected a string", refusal("{\"weight_map\": {\"a\": 1}}"));
    assertTrue(refusal("{\"weight_map\": {\"a\": \"b\", \"a\": \"c\"}}").contains("Duplicate"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.safetensors",
        "/x",
        "a/b",
        "..",
        ".",
        "",
        "a\\\\..\\\\b",
        "a\\u0000",
        "a\\ud800"
      })
  void aShardIsNeverSoughtElsewhere(String name) throws IOException {
    Files.createDirectories(folder.resolve("a"));
    String message = refusal("{\"weight_map\": {\"wte\": \"" + name + "\"}}");
    assertTrue(message.endsWith("; expected the name of a file beside the index"), message);
  }

  @Test
  void aBrokenShardIsRefusedByItsName() throws IOException {
    writeIndex(MAP);
    byte[] content = Files.readAllBytes(folder.resolve(SECOND));
    Files.write(folder.resolve(SECOND), Arrays.copyOf(content, content.length - 1));
    String message =
        Refusal.of(FormatException.class, () -> ShardedSafetensors.open(folder).close());
    assertTrue(message.startsWith(folder.resolve(SECOND) + ": header: "), message);
  }

  @Test
  void damagedIndexesAreRefusedOrReadButNeverFailOtherwise() throws IOException {
    SplittableRandom random = new SplittableRandom(5);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      Files.write(
          folder.resolve(ShardedSafetensors.INDEX),
          Damage.to(MAP.getBytes(StandardCharsets.UTF_8), random));
      try (ShardedSafetensors model = ShardedSafetensors.open(folder)) {
        for (String name : model.tensors()) {
          model.floats(name);
        }
      } catch (FormatException e) {
        Refusal.oneLine(e);
        refused++;
      }
    }
    assertTrue(refused > 1000 && refused < 2000, refused + " refused");
  }
}
