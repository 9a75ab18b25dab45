package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import mechinterp.io.DType;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.ShardedSafetensors;
import mechinterp.model.family.CanonicalWeights;
import mechinterp.model.gpt2.Gpt2Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Gpt2FilesTest {
  private static final OptionalInt NONE = OptionalInt.empty();

  @TempDir private Path folder;

  @FunctionalInterface
  private interface Reading {
    void of(TransformerConfig config, Weights weights) throws IOException;
  }

  private static void read(Path from, Reading reading) throws IOException {
    JsonField json = JsonField.read(from.resolve("config.json"));
    TransformerConfig config = Families.config("m", json);
    try (ShardedSafetensors files = ShardedSafetensors.open(from)) {
      reading.of(
          config,
          CanonicalWeights.of(
              new SafetensorsWeights(files), Families.of(json).names(config), config));
    }
  }

  @Test
  void whatIsWrittenReadsBackTheSame() throws IOException {
    Path golden = GoldenModels.folder().resolve("gpt2");
    read(
        golden,
        (config, weights) -> {
          Gpt2Files.write(folder, config, weights, DType.F32, OptionalInt.of(3), NONE);
          read(folder, (again, back) -> assertSame(config, weights, again, back));
        });
    try (SafetensorsFile old = SafetensorsFile.open(golden.resolve("model.safetensors"));
        SafetensorsFile now = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
      for (String name : old.tensors()) {
        assertArrayEquals(old.floats(name), now.floats(name), name);
      }
      assertEquals(old.tensors().size(), now.tensors().size());
    }
    assertEquals(3, JsonField.read(folder.resolve("config.json")).at("bos_token_id").count());
  }

  private static void assertSame(
      TransformerConfig config, Weights weights, TransformerConfig again, Weights back)
      throws IOException {
    assertEquals(config, again);
    for (String name : weights.names()) {
      assertArrayEquals(weights.floats(name), back.floats(name), name);
    }
  }

  @Test
  void numbersCanBeHalves() throws IOException {
    read(
        GoldenModels.folder().resolve("gpt2-hub"),
        (config, weights) -> {
          Gpt2Files.write(folder, config, weights, DType.F16, NONE, NONE);
          read(folder, (again, back) -> assertSame(config, weights, again, back));
        });
    try (SafetensorsFile now = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
      assertEquals(DType.F16, now.info("transformer.h.0.attn.c_attn.weight").dtype());
    }
    assertEquals("float16", JsonField.read(folder.resolve("config.json")).at("torch_dtype").text());
  }

  @Test
  void refusesAModelThatIsNoGpt2() throws IOException {
    read(
        GoldenModels.folder().resolve("llama-tied"),
        (config, weights) -> {
          IllegalArgumentException refused =
              assertThrows(
                  IllegalArgumentException.class,
                  () -> Gpt2Files.write(folder, config, weights, DType.F32, NONE, NONE));
          assertTrue(String.valueOf(refused.getMessage()).startsWith("gpt2: "));
        });
  }
}
