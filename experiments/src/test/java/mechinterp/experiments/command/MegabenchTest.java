package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.experiments.Execution;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.experiments.megabench.BenchModel;
import mechinterp.experiments.megabench.GridConfig;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.FolderTree;
import mechinterp.io.Json;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class MegabenchTest {
  /** raw, pca and random, and two kinds. */
  private static final int CELLS_OF_A_SEED = 5;

  @TempDir private Path folder;

  private static GridConfig grid() {
    SyntheticConfig activations =
        new SyntheticConfig(
            24,
            12,
            new SyntheticConfig.Zipf(0.5, 0.3, 0.05),
            Optional.empty(),
            Optional.empty(),
            2,
            0.5,
            1,
            Optional.empty(),
            3);
    TrainConfig train =
        TrainConfig.defaults().toBuilder()
            .tokens(10_000)
            .batchSize(100)
            .learningRate(1e-2)
            .bDecSample(500)
            .build();
    return new GridConfig(
        List.of(
            new BenchModel(
                "known",
                new SyntheticData(activations, 5_000, 500, 1_500),
                train,
                Map.of("jumprelu", 5e-3))),
        List.of(SaeSettings.Kind.TOPK, SaeSettings.Kind.JUMPRELU),
        List.of(24),
        List.of(4),
        List.of(1L, 2L));
  }

  private Path out() {
    return folder.resolve("out");
  }

  private Execution run(String... options) throws IOException {
    Path file = folder.resolve("grid-of-run.json");
    Json.write(file, grid());
    List<String> arguments =
        new ArrayList<>(
            List.of("megabench", "run", "--config", file.toString(), "--out", out().toString()));
    arguments.addAll(List.of(options));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private Execution report(String... options) {
    List<String> arguments = new ArrayList<>(List.of("megabench", "report", out().toString()));
    arguments.addAll(List.of(options));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private Path cell(String part) throws IOException {
    try (Stream<Path> files = Files.list(out().resolve("cells"))) {
      return files.filter(path -> path.toString().contains(part)).findFirst().orElseThrow();
    }
  }

  private static long done(Execution run) {
    return run.err().lines().filter(line -> line.contains("measured in")).count();
  }

  @Test
  void theGridIsMeasuredWithItsBaselinesAndSaysHowSureItIs() throws IOException {
    Execution run = run("--json").assertDone();
    assertTrue(run.err().contains("10 of 10 cells to do, about "), run.err());
    assertTrue(run.err().contains(" % of what was predicted"), run.err());
    JsonNode cells = run.json().path("cells");
    assertEquals(2 * CELLS_OF_A_SEED, cells.size());
    for (JsonNode cell : cells) {
      assertEquals("known", cell.path("model").stringValue());
      assertEquals(0, cell.path("layer").intValue());
      JsonNode fvu = cell.path("metrics").path("fvu");
      assertTrue(fvu.path("low").doubleValue() <= fvu.path("value").doubleValue());
      assertTrue(fvu.path("high").doubleValue() >= fvu.path("value").doubleValue());
    }
    assertEquals(List.of("jumprelu", "pca", "random", "raw", "topk"), kinds(cells));
    Execution report = report().assertDone();
    assertTrue(report.out().contains("known, synthetic, 24 latents, k 4"), report.out());
    assertTrue(report.out().contains("Rankings, the best first"), report.out());
    assertTrue(report.out().contains("l0"), report.out());
    assertFalse(report.out().contains("- l0:"), "nothing is ranked by l0");
    String page = Files.readString(out().resolve("report.html"));
    for (String part : List.of("id=\"leaderboard\"", "class=\"front\"", "def-fvu", "jumprelu")) {
      assertTrue(page.contains(part), part);
    }
    assertFalse(page.contains("http://") || page.contains("https://"), "links to elsewhere");
    assertFalse(page.contains("@STYLE@") || page.contains("@DETAILS@"), "a place is not filled");
  }

  private static List<String> kinds(JsonNode cells) {
    List<String> kinds = new ArrayList<>();
    cells.forEach(cell -> kinds.add(cell.path("kind").stringValue()));
    return kinds.stream().distinct().sorted().toList();
  }

  @Test
  void aRunThatWasStoppedGoesOnAndAnotherSeedCostsOnlyItself() throws IOException {
    Execution first = run("--seeds", "1", "--json").assertDone();
    assertEquals(CELLS_OF_A_SEED, done(first));
    JsonNode before = values("topk");
    FolderTree.delete(cell("topk"));
    Files.delete(cell("jumprelu").resolve("measurements.json"));
    Execution second = run("--seeds", "1").assertDone();
    assertEquals(2, done(second));
    assertTrue(second.err().contains("2 of 5 cells"), second.err());
    assertFalse(
        second.err().lines().anyMatch(line -> line.startsWith("jumprelu")),
        "a training that is there is not done again");
    assertEquals(before.path("fvu"), values("topk").path("fvu"));
    assertEquals(CELLS_OF_A_SEED, done(run("--seeds", "2").assertDone()));
    Execution again = run("--seeds", "2").assertDone();
    assertEquals(0, done(again));
    assertTrue(again.err().contains("all 10 cells are there"), again.err());
  }

  private JsonNode values(String part) throws IOException {
    return Json.tree(cell(part).resolve("measurements.json")).path("values");
  }

  @Test
  void theLinesAloneGiveTheSameReport() throws IOException {
    run().assertDone();
    String tables = report().assertDone().out();
    FolderTree.delete(out().resolve("cells"));
    assertEquals(tables, report().assertDone().out());
  }

  @Test
  void whatIsHalfWrittenOrOfOtherDefinitionsIsNamed() throws IOException {
    run("--seeds", "1").assertDone();
    Path cell = cell("pca");
    Path measurements = cell.resolve("measurements.json");
    String whole = Files.readString(measurements);
    Files.writeString(measurements, whole.replaceFirst("\"version\":\\d+", "\"version\":999"));
    report().assertRefused("measurements.json", "definitions 999", "megabench run");
    assertEquals(1, done(run("--seeds", "1").assertDone()));
    Files.writeString(measurements, whole.substring(0, whole.length() / 2));
    report().assertRefused("measurements.json");
    Files.delete(measurements);
    assertTrue(report().assertDone().out().contains("Not in the tables: known-pca"));
    Files.delete(cell.resolve("cell.json"));
    report().assertRefused(cell.getFileName().toString(), "half-written");
    run("--seeds", "1").assertRefusedAtTheEnd("half-written");
  }

  @Test
  void anAutoencoderFromElsewhereStandsBesideTheOthers() throws IOException {
    run("--seeds", "1").assertDone();
    Path sae = cell("topk").resolve("sae");
    Execution added = add(sae, "synthetic", "mine", "--json").assertDone();
    assertEquals("mine", added.json().path("cell").path("kind").stringValue());
    assertEquals(fvu(values("topk")), fvu(values("added-mine")), "the same weights, the same data");
    assertTrue(report().assertDone().out().contains("mine (1)"));
    add(sae, "synthetic", "mine").assertRefusedAtTheEnd("--name: mine is there");
    add(sae, "synthetic", "topk").assertRefusedAtTheEnd("no kind's");
    add(sae, "blocks.3.hook_resid_post", "b").assertRefusedAtTheEnd("known at synthetic");
  }

  private static String fvu(JsonNode values) {
    return values.path("fvu").toString();
  }

  private Execution add(Path sae, String hook, String name, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("megabench", "add", "--sae", sae.toString(), "--model", "known"));
    arguments.addAll(List.of("--hook", hook, "--name", name, "--out", out().toString()));
    arguments.addAll(List.of(options));
    return Execution.of(arguments.toArray(String[]::new));
  }

  @Test
  void whatCannotBeDoneIsRefused() throws IOException {
    run("--models", "gpt-9").assertRefused("--models: is gpt-9", "known");
    assertEquals(2, run("--kinds", "topq").exitCode());
    run("--seeds", "0").assertRefused("--seeds: is 0");
    run("--kinds", "crosscoder").assertRefused("crosscoder");
    Execution nothing = Execution.of("megabench", "report", folder.toString());
    nothing.assertRefused(folder.toString(), "no measured cell");
    assertEquals(2, Execution.of("megabench").exitCode());
  }

  /** Of two kinds that are the same, no metric tells which is better. */
  @Test
  void whatDoesNotTellKindsApartRanksNothing() throws IOException {
    run("--seeds", "2").assertDone();
    List<String> lines = Files.readAllLines(out().resolve("results.jsonl"));
    List<String> twins = new ArrayList<>();
    for (String line : lines) {
      if (line.contains("\"kind\":\"topk\"")) {
        twins.add(line);
        twins.add(line.replace("\"kind\":\"topk\"", "\"kind\":\"batchtopk\""));
      }
    }
    assertEquals(4, twins.size());
    FolderTree.delete(out().resolve("cells"));
    Files.write(out().resolve("results.jsonl"), twins);
    String tables = report().assertDone().out();
    assertTrue(tables.contains("fvu *"), tables);
    assertTrue(tables.contains("No metric ranks here"), tables);
  }

  @Test
  void theProfilesAreValid() throws IOException {
    for (MegabenchRun.Profile profile : MegabenchRun.Profile.values()) {
      String name = profile.name().toLowerCase(Locale.ROOT);
      GridConfig grid =
          Json.read(Path.of("../configs/megabench-" + name + ".json"), GridConfig.class);
      assertTrue(grid.models().size() >= 2, name);
      assertTrue(grid.seeds().size() >= 2, name);
      assertNotEquals(List.of(), grid.kinds());
    }
  }
}
