package mechinterp.experiments.quickstart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import mechinterp.activation.Document;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.experiments.text.SplitText;
import mechinterp.experiments.text.TextSettings;
import mechinterp.io.Json;
import mechinterp.sae.file.SaeFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class QuickstartTest {
  @TempDir private Path folder;

  @Test
  void aSmallRunLeavesEverythingAndASecondOneItsOwn() throws Exception {
    Path config = smallConfig();
    JsonNode first = run(config).json();
    Path run = Path.of(first.get("folder").asString());
    assertEquals(folder.resolve("runs/quickstart"), run.getParent());
    assertEquals(
        Set.of(
            "config.json",
            "environment.json",
            "metrics.jsonl",
            "report.html",
            "result.json",
            "sae"),
        names(run));
    assertTrue(first.get("result").get("held_out").get("fvu").asDouble() > 0);
    assertEquals(1500, first.get("result").get("train_tokens").asInt());
    assertEquals(Json.tree(run.resolve("result.json")), first.get("result"));
    assertEquals(Json.tree(config), Json.tree(run.resolve("config.json")));
    assertEquals(32, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    assertReport(run.resolve("report.html"));
    assertSae(run.resolve("sae"));

    JsonNode second = run(config).json();
    assertNotEquals(first.get("folder"), second.get("folder"));
    assertEquals(
        first.get("result").get("held_out"),
        second.get("result").get("held_out"),
        "the same settings give the same bits");
  }

  private Execution run(Path config) {
    return Execution.of(
            "quickstart",
            "--config",
            config.toString(),
            "--runs",
            folder.resolve("runs").toString(),
            "--json")
        .assertDone();
  }

  private Path smallConfig() throws IOException {
    String small =
        Files.readString(Path.of("../configs/quickstart.json"))
            .replace("\"europarl\": true", "\"europarl\": false")
            .replaceAll("\"wordnet_fraction\": [0-9.]+", "\"wordnet_fraction\": 0.002")
            .replaceAll("\"train_tokens\": \\d+", "\"train_tokens\": 1500")
            .replaceAll("\"held_out_tokens\": \\d+", "\"held_out_tokens\": 200")
            .replaceAll("\"d_sae\": \\d+", "\"d_sae\": 48")
            .replaceAll("\"k\": \\d+", "\"k\": 4")
            .replaceAll("\"tokens\": \\d+", "\"tokens\": 2048")
            .replaceAll("\"batch_size\": \\d+", "\"batch_size\": 64")
            .replaceAll("\"spliced_texts\": \\d+", "\"spliced_texts\": 5");
    Path file = folder.resolve("small.json");
    return Files.writeString(
        file, Json.pretty(Json.read("small", stream(small), QuickstartConfig.class)));
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Set<String> names(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run)) {
      return new HashSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  private static void assertReport(Path file) throws Exception {
    var page =
        DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().parse(file.toFile());
    assertTrue(page.getElementsByTagName("article").getLength() > 0, "there are features");
    assertEquals(
        6,
        page.getElementsByTagName("figure").getLength()
            - page.getElementsByTagName("article").getLength());
  }

  private static void assertSae(Path sae) throws IOException {
    try (Device device = CpuDevice.best(1)) {
      var loaded = SaeFiles.load(sae, device);
      assertEquals(48, loaded.sae().dSae());
      assertEquals("tiny-lm", loaded.metadata().modelName().orElseThrow());
    }
  }

  @Test
  void trainingAndHeldOutTextShareNoDocument() throws IOException {
    SplitText text = SplitText.read(new TextSettings(true, 0.01, 0.1, 0));
    List<Document> training = SplitText.first(text.training(), Integer.MAX_VALUE);
    List<Document> heldOut = SplitText.first(text.heldOut(), Integer.MAX_VALUE);
    Set<String> ids = new HashSet<>(training.stream().map(Document::id).toList());
    assertEquals(training.size(), ids.size());
    assertTrue(heldOut.stream().noneMatch(document -> ids.contains(document.id())));
    int all = training.size() + heldOut.size();
    assertTrue(heldOut.size() > 0.05 * all && heldOut.size() < 0.15 * all);
    long europarl =
        training.subList(0, 200).stream().filter(d -> d.id().startsWith("euro")).count();
    assertTrue(europarl > 20 && europarl < 180, "the sources are mixed: " + europarl);
  }

  @Test
  void theDefaultSettingsAreThoseOfTheRepository() throws IOException {
    try (var built = getClass().getResourceAsStream("/mechinterp/configs/quickstart.json")) {
      assertEquals(
          Files.readString(Path.of("../configs/quickstart.json")),
          new String(built.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void nothingIsLeftOfARunThatFails() throws IOException {
    Execution.of(
            "quickstart",
            "--config",
            smallConfig().toString(),
            "--runs",
            folder.resolve("runs").toString(),
            "--k",
            "49")
        .assertRefused("k: is 49, d_sae is 48");
    assertFalse(Files.exists(folder.resolve("runs")));
  }
}
