package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ModelTrainTest {
  private static final List<String> MODEL_FILES =
      List.of(
          "README.md",
          "config.json",
          "generation_config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json");

  @TempDir private Path folder;

  @Test
  void aRunLeavesAModelThatLoadsAndItsAccount() throws IOException {
    Path run = folder.resolve("run");
    JsonNode printed = train(run, config(6), "--json").assertDone().json();
    Path model = run.resolve("model");
    assertEquals(model.toString(), printed.get("model").stringValue());
    assertEquals(MODEL_FILES, names(model));
    assertEquals(6, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    assertTrue(Files.readString(run.resolve("loss.svg")).startsWith("<svg xmlns="));
    String card = Files.readString(model.resolve("README.md"));
    assertTrue(card.contains("| Europarl, English |"), card);
    assertTrue(card.contains("WordNet licence"), card);
    for (JsonNode domain : printed.get("result").get("domains")) {
      double bits = domain.get("bits_per_byte").doubleValue();
      assertTrue(bits > 2 && bits < 8, domain.toString());
    }
    try (Device device = CpuDevice.best(1)) {
      Transformer loaded = Models.load(model.toString(), device);
      int[] ids = loaded.tokenizer().encode("The debate is closed.").ids();
      assertEquals("The debate is closed.", loaded.tokenizer().decode(ids));
      assertEquals(ids.length, loaded.run(TokenBatch.ofIds(List.of(ids))).output().rows());
    }
  }

  @Test
  void aRunThatGoesOnGivesTheSameModel() throws IOException {
    Path whole = folder.resolve("whole");
    train(whole, config(4)).assertDone();
    Path resumed = folder.resolve("resumed");
    train(resumed, config(4)).assertDone();
    deleteAllBut(resumed, "checkpoints", "tokenizer");
    Path last = resumed.resolve("checkpoints").resolve("step-4");
    delete(last);
    train(resumed, config(4), "--resume").assertDone();
    for (String file : MODEL_FILES) {
      Path expected = whole.resolve("model").resolve(file);
      assertEquals(-1, Files.mismatch(expected, resumed.resolve("model").resolve(file)), file);
    }
  }

  @Test
  void nothingIsWrittenOverAndNothingGoesOnWithoutACheckpoint() throws IOException {
    Path run = folder.resolve("run");
    train(run, config(2), "--resume").assertRefused("run", "no checkpoint");
    assertFalse(Files.exists(run));
    Files.createDirectories(run);
    Files.writeString(run.resolve("notes.txt"), "mine");
    train(run, config(2)).assertRefused("run", "holds files");
  }

  @Test
  void aWrongSettingIsRefusedByItsField() throws IOException {
    Path config = config(2);
    Files.writeString(config, Files.readString(config).replace("\"n_heads\": 2", "\"n_heads\": 3"));
    train(folder.resolve("run"), config).assertRefused("config.json", "n_heads");
  }

  private static Execution train(Path run, Path config, String... more) {
    List<String> arguments =
        Stream.concat(
                Stream.of("model", "train", "--config", config.toString(), "--out", run.toString()),
                Stream.of(more))
            .toList();
    return Execution.of(arguments.toArray(String[]::new));
  }

  /** Small enough for a test: the English Europarl, 1 % of WordNet and no Java. */
  private Path config(int steps) throws IOException {
    String json =
        """
        {
          "name": "test-lm",
          "text": {
            "europarl_other_fraction": 0.0,
            "wordnet_fraction": 0.01,
            "java_sources": [],
            "java_fraction": 0.0,
            "validation_fraction": 0.005,
            "test_fraction": 0.02,
            "seed": 1
          },
          "vocabulary_size": 400,
          "model": {"n_layers": 1, "d_model": 16, "n_heads": 2, "n_ctx": 32},
          "train": {
            "tokens": %d,
            "batch_windows": 4,
            "micro_batch_windows": 2,
            "learning_rate": 0.01,
            "warm_up_fraction": 0.1,
            "final_fraction": 0.1,
            "adam": {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8},
            "weight_decay": 0.1,
            "clip_norm": 1.0,
            "validation_steps": 3,
            "seed": 0
          },
          "checkpoints": {"every_steps": 2, "kept": 2}
        }
        """
            .formatted(steps * 4 * 32);
    return Files.writeString(folder.resolve("config.json"), json);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      TreeSet<String> names = new TreeSet<>();
      entries.forEach(entry -> names.add(String.valueOf(entry.getFileName())));
      return List.copyOf(names);
    }
  }

  private static void deleteAllBut(Path folder, String... kept) throws IOException {
    List<String> stay = List.of(kept);
    for (String name : names(folder)) {
      if (!stay.contains(name)) {
        delete(folder.resolve(name));
      }
    }
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
