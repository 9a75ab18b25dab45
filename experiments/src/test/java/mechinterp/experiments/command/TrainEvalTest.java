package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsFile;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class TrainEvalTest {
  @TempDir private Path folder;

  @Test
  void trainingLeavesAnAutoencoderItsSettingsAndItsMetrics() throws IOException {
    Path sae = Samples.sae(folder, "--activations", Samples.activationsFile(folder));
    List<String> lines = Files.readAllLines(sae.resolve("metrics.jsonl"));
    assertEquals(10, lines.size());
    assertTrue(lines.getLast().contains("\"tokens\":640"), lines.getLast());
    TrainSettings settings = Json.read(sae.resolve("train.json"), TrainSettings.class);
    assertEquals(64, settings.train().batchSize());
    assertEquals(16, settings.sae().dSae());
    assertEquals(64, settings.train().auxK().deadAfterTokens(), "a tenth of the tokens");
  }

  @Test
  void theSettingsFileOfARunRepeatsIt() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path first = Samples.sae(folder, "--activations", file);
    Path second = folder.resolve("second");
    Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--config",
            first.resolve("train.json").toString(),
            "--out",
            second.toString(),
            "--threads",
            "1")
        .assertDone();
    assertArrayEquals(weights(first), weights(second));
    Path third = folder.resolve("third");
    Samples.train("--activations", file, third, "--seed", "1").assertDone();
    assertTrue(!Arrays.equals(weights(first), weights(third)), "the seed matters");
  }

  private static byte[] weights(Path sae) throws IOException {
    return Files.readAllBytes(sae.resolve("sae_weights.safetensors"));
  }

  @Test
  void optionsWinOverTheSettingsFile() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path first = Samples.sae(folder, "--activations", file);
    Path second = folder.resolve("second");
    Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--config",
            first.resolve("train.json").toString(),
            "--out",
            second.toString(),
            "--d-sae",
            "20",
            "--k",
            "2",
            "--tokens",
            "30",
            "--batch",
            "10",
            "--lr",
            "0.5",
            "--seed",
            "7",
            "--normalize",
            "none",
            "--dead-after",
            "9")
        .assertDone();
    TrainSettings settings = Json.read(second.resolve("train.json"), TrainSettings.class);
    assertEquals(20, settings.sae().dSae());
    assertEquals(2, settings.sae().k());
    assertEquals(30, settings.train().tokens());
    assertEquals(10, settings.train().batchSize());
    assertEquals(0.5, settings.train().learningRate().orElseThrow());
    assertEquals(7, settings.train().seed());
    assertEquals(9, settings.train().auxK().deadAfterTokens());
    assertEquals(Normalization.Method.NONE, settings.normalizeActivations());
  }

  @ParameterizedTest
  @CsvSource({
    "topk, topk",
    "batchtopk, jumprelu",
    "matryoshka, jumprelu",
    "standard, standard",
    "panneal, standard",
    "jumprelu, jumprelu",
    "gated, gated",
    "switch, switch"
  })
  void everyKindIsTrainedSavedAndEvaluated(String kind, String saved) throws IOException {
    String file = Samples.activationsFile(folder).toString();
    String out = folder.resolve(kind).toString();
    Execution.of(
            "train",
            "--activations",
            file,
            "--kind",
            kind,
            "--d-sae",
            "16",
            "--k",
            "3",
            "--tokens",
            "640",
            "--batch",
            "64",
            "--out",
            out)
        .assertDone();
    JsonNode info = Execution.of("sae", "info", out, "--json").assertDone().json();
    assertEquals(saved, info.get("sae").get("architecture").asString());
    Execution.of("sae", "info", out).assertDone();
    JsonNode result =
        Execution.of("eval", "--sae", out, "--activations", file, "--json").assertDone().json();
    assertTrue(result.get("l0").asDouble() > 0);
  }

  @Test
  void aHybridIsTrainedAndEvaluatedWithEitherCodes() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path sae = folder.resolve("hybrid");
    Execution.of(
            "train",
            "--activations",
            file.toString(),
            "--out",
            sae.toString(),
            "--kind",
            "hybrid",
            "--d-sae",
            "24",
            "--k",
            "2",
            "--tokens",
            "640",
            "--batch",
            "64")
        .assertDone();
    double full = fvu(sae, file);
    assertEquals(full, fvu(sae, file, "--codes", "full"));
    assertTrue(full < fvu(sae, file, "--codes", "fast"));

    Path topK = Samples.sae(folder, "--activations", file);
    Execution.of(
            "eval", "--sae", topK.toString(), "--activations", file.toString(), "--codes", "full")
        .assertRefused("--codes: is for a hybrid, the autoencoder is topk");
  }

  private static double fvu(Path sae, Path file, String... more) throws IOException {
    String[] arguments = {
      "eval", "--sae", sae.toString(), "--activations", file.toString(), "--json"
    };
    Execution done = Execution.of(Samples.concat(arguments, more));
    done.assertDone();
    return done.json().get("fvu").doubleValue();
  }

  @Test
  void evaluationIsOneJsonObject() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", file);
    Execution execution =
        Execution.of("eval", "--sae", sae.toString(), "--activations", file.toString(), "--json");
    JsonNode result = execution.assertDone().json();
    assertEquals(Samples.TOKENS, result.get("tokens").asInt());
    double fvu = result.get("fvu").asDouble();
    assertTrue(fvu > 0 && fvu < 1, "fvu " + fvu);
    assertEquals(1 - fvu, result.get("explained_variance").asDouble(), 1e-12);
    assertTrue(result.get("l0").asDouble() <= 3);
    assertTrue(result.has("dead_fraction"));
  }

  @Test
  void aCrosscoderIsMeasuredAtEachHookPoint() throws IOException {
    Path store =
        Samples.store(
            folder,
            "two",
            new Site("blocks.0.hook_z", 3, Normalization.NONE),
            new Site("blocks.1.hook_z", 3, Normalization.NONE));
    Path sae = folder.resolve("crosscoder");
    Path config = folder.resolve("crosscoder.json");
    TrainSettings settings =
        new TrainSettings(
            new SaeSettings(SaeSettings.Kind.CROSSCODER, 16, 3),
            Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
            TrainConfig.defaults().toBuilder().tokens(640).batchSize(64).build());
    Json.write(config, settings);
    String[] train = {"train", "--store", store.toString(), "--out", sae.toString()};
    Execution.of(Samples.concat(train, "--config", config.toString())).assertDone();
    String[] eval = {"eval", "--sae", sae.toString(), "--store", store.toString()};
    JsonNode result = Execution.of(Samples.concat(eval, "--json")).assertDone().json();
    JsonNode points = result.get("hook_points");
    assertEquals(2, points.size());
    assertEquals("blocks.1.hook_z", points.get(1).get("hook").asString());
    double fvu = result.get("fvu").asDouble();
    double first = points.get(0).get("fvu").asDouble();
    double second = points.get(1).get("fvu").asDouble();
    assertTrue(Math.min(first, second) <= fvu && fvu <= Math.max(first, second));
    String text = Execution.of(eval).assertDone().out();
    assertTrue(text.contains("fvu of blocks.0.hook_z"), text);
  }

  @Test
  void oneHookPointOfAStoreOfSeveralIsMeasured() throws IOException {
    Site[] sites = {
      new Site("blocks.0.hook_z", 3, Normalization.NONE),
      new Site("blocks.1.hook_z", 3, Normalization.NONE)
    };
    Path several = Samples.store(folder, "several", sites);
    Path one = folder.resolve("one");
    try (ActivationStore store = ActivationStore.open(several)) {
      store.at(List.of("blocks.1.hook_z")).save(one);
    }
    Path sae = Samples.sae(folder, "--store", one);
    String[] eval = {"eval", "--json", "--sae", sae.toString(), "--store"};
    double fvu = Execution.of(Samples.concat(eval, one.toString())).json().get("fvu").asDouble();
    JsonNode named = Execution.of(Samples.concat(eval, several.toString())).assertDone().json();
    assertEquals(fvu, named.get("fvu").asDouble());
    String[] other = Samples.concat(eval, several.toString(), "--hook", "blocks.0.hook_z");
    Execution.of(other).assertRefused("hook is \"blocks.0.hook_z\"");
  }

  @Test
  void theAutoencoderKnowsWhatItIsOf() throws IOException {
    Path sae = Samples.sae(folder, "--store", Samples.store(folder, "store", "blocks.1.hook_z"));
    JsonNode info = Execution.of("sae", "info", sae.toString(), "--json").assertDone().json();
    assertEquals("saelens", info.get("format").asString());
    assertEquals("topk", info.get("sae").get("architecture").asString());
    assertEquals("tiny", info.get("metadata").get("model_name").asString());
    assertEquals("blocks.1.hook_z", info.get("metadata").get("hook_name").asString());
    assertEquals(2 * 16 * 6 + 16 + 6, info.get("parameters").asInt());
    String text = Execution.of("sae", "info", sae.toString()).assertDone().out();
    assertTrue(text.contains("hook_name: blocks.1.hook_z"), text);
  }

  @Test
  void encodedFilesHoldCodesRowByRowAndTheReconstruction() throws IOException {
    Path file = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", file);
    Path out = folder.resolve("codes.safetensors");
    Execution.of(
            "sae",
            "encode",
            "--sae",
            sae.toString(),
            "--activations",
            file.toString(),
            "--out",
            out.toString())
        .assertDone();
    try (Device device = CpuDevice.best(1);
        SafetensorsFile codes = SafetensorsFile.open(out)) {
      Sae loaded = SaeFiles.load(sae, device).sae();
      FloatMatrix x = device.matrix(Samples.TOKENS, Samples.D_IN, Samples.activations());
      SparseCodes expected = loaded.newCodes(Samples.TOKENS);
      loaded.encode(expected, x);
      loaded.decode(x, expected);
      assertCodes(codes, device, expected);
      assertArrayEquals(device.toHost(x), codes.floats("reconstruction"));
    }
  }

  private static void assertCodes(SafetensorsFile codes, Device device, SparseCodes expected)
      throws IOException {
    long[] offsets = codes.longs("row_offsets");
    int[] indices = codes.ints("indices");
    float[] values = codes.floats("values");
    int[] counts = device.toHost(expected.counts());
    int[] latents = device.toHost(expected.indices());
    float[] activations = device.toHost(expected.values());
    assertEquals(Samples.TOKENS + 1, offsets.length);
    assertEquals(indices.length, offsets[Samples.TOKENS]);
    for (int t = 0; t < Samples.TOKENS; t++) {
      assertEquals(counts[t], offsets[t + 1] - offsets[t]);
      for (int i = 0; i < counts[t]; i++) {
        int at = (int) offsets[t] + i;
        assertEquals(latents[t * 3 + i], indices[at]);
        assertEquals(activations[t * 3 + i], values[at]);
      }
    }
  }
}
