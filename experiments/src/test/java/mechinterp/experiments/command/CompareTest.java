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
import mechinterp.activation.Normalization;
import mechinterp.experiments.Execution;
import mechinterp.experiments.comparison.Arm;
import mechinterp.experiments.comparison.ComparisonConfig;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.text.TextSettings;
import mechinterp.io.FolderTree;
import mechinterp.io.Json;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.training.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class CompareTest {
  @TempDir private Path folder;

  private static ComparisonConfig config(List<Long> seeds) {
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
        TrainConfig.defaults().toBuilder().tokens(20_000).batchSize(100).bDecSample(500).build();
    return new ComparisonConfig(
        new SyntheticData(activations, 5_000, 500, 1_500),
        train,
        List.of(1e-5, 1e-2),
        0,
        seeds,
        List.of(
            new Arm("topk", new SaeSettings(SaeSettings.Kind.TOPK, 24, 4)),
            new Arm("batchtopk", new SaeSettings(SaeSettings.Kind.BATCHTOPK, 24, 4)),
            new Arm("hybrid", hybrid())));
  }

  private static SaeSettings hybrid() {
    return new SaeSettings(
        SaeSettings.Kind.HYBRID,
        24,
        4,
        Optional.empty(),
        Optional.of(
            Json.node(
                Map.of(
                    "fixed_point_share",
                    0.5,
                    "prefixes",
                    List.of(Map.of("latents", 24, "weight", 1))))));
  }

  private Execution compare(ComparisonConfig config, String... options) throws IOException {
    Path file = folder.resolve("config-of-run.json");
    Json.write(file, config);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "compare", "--config", file.toString(), "--out", folder.resolve("out").toString()));
    arguments.addAll(List.of(options));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private long cells() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("out/cells"))) {
      return files.count();
    }
  }

  private JsonNode arm(int number) throws IOException {
    return Json.tree(folder.resolve("out/result.json")).path("arms").path(number);
  }

  @Test
  void armsAreTunedTrainedAndMeasuredOnTheirSeeds() throws IOException {
    Execution run = compare(config(List.of(1L, 2L))).assertDone();
    assertTrue(run.out().contains("difference to topk"), run.out());
    assertEquals(3 * (2 + 2), cells());
    for (int arm = 0; arm < 3; arm++) {
      assertEquals(1e-2, arm(arm).path("learning_rate").doubleValue());
      JsonNode figures = arm(arm).path("figures");
      assertEquals(2, figures.path("fvu").size());
      assertNotEquals(figures.path("fvu").path(0), figures.path("fvu").path(1));
      assertTrue(figures.path("fvu").path(0).doubleValue() < 0.4, figures.toString());
      assertTrue(figures.path("matched_cosine").path(0).doubleValue() > 0.5, figures.toString());
      double agreement = figures.path("seed_cosine").path(1).doubleValue();
      assertTrue(agreement > 0.5 && agreement < 0.9999, figures.toString());
    }
  }

  @Test
  void errorsOfAllCodesStandBesideThoseOfTheFirstArmsOwn() throws IOException {
    compare(config(List.of(1L))).assertDone();
    double topK = arm(0).path("figures").path("fvu").path(0).doubleValue();
    String row = "| pursuit_fvu ";
    for (int arm = 0; arm < 3; arm++) {
      double pursuit = arm(arm).path("figures").path("pursuit_fvu").path(0).doubleValue();
      row += String.format(Locale.ROOT, "| %.1f ", 100 * (pursuit / topK - 1));
    }
    String tables = Files.readString(folder.resolve("out/result.md"));
    assertTrue(tables.contains("| % above topk's own codes | topk | batchtopk | hybrid |"), tables);
    assertTrue(tables.contains(row + "|"), tables);
  }

  /** Not so for BatchTopK, whose tokens share out their latents as k of each token cannot. */
  @Test
  void aPursuitExplainsMoreThanTheCodesOfAnEncoderWithAsManyLatents() throws IOException {
    compare(config(List.of(1L))).assertDone();
    for (int arm : new int[] {0, 2}) {
      JsonNode figures = arm(arm).path("figures");
      assertTrue(
          figures.path("pursuit_fvu").path(0).doubleValue()
              < figures.path("fvu").path(0).doubleValue(),
          figures.toString());
    }
  }

  @Test
  void whatIsFinishedIsNotDoneAgainAndWhatIsMissingIs() throws IOException {
    compare(config(List.of(1L))).assertDone();
    JsonNode before = arm(1);
    Execution again = compare(config(List.of(1L))).assertDone();
    assertEquals(
        "", again.err().lines().filter(line -> line.contains("tokens")).findAny().orElse(""));
    try (Stream<Path> files = Files.list(folder.resolve("out/cells"))) {
      for (Path cell : files.filter(path -> path.toString().contains("batchtopk")).toList()) {
        FolderTree.delete(cell);
      }
    }
    compare(config(List.of(1L, 2L))).assertDone();
    assertEquals(3 * (2 + 2), cells());
    assertEquals(
        before.path("figures").path("f1").path(0), arm(1).path("figures").path("f1").path(0));
  }

  /** Figures of another version, as an earlier program may have left them, and none at all. */
  @Test
  void figuresAreMeasuredAgainWithoutTraining() throws IOException {
    compare(config(List.of(1L))).assertDone();
    JsonNode before = Json.tree(folder.resolve("out/result.json"));
    try (Stream<Path> files = Files.list(folder.resolve("out/cells"))) {
      for (Path cell : files.filter(path -> path.toString().contains("seed1")).toList()) {
        Path figures = cell.resolve("figures.json");
        if (cell.toString().contains("topk")) {
          Files.writeString(figures, "{\"version\": -1, \"values\": {\"fvu\": 0.5}}");
        } else {
          Files.delete(figures);
        }
      }
    }
    Execution again = compare(config(List.of(1L))).assertDone();
    assertEquals(
        "", again.err().lines().filter(line -> line.contains("tokens")).findAny().orElse(""));
    assertEquals(before, Json.tree(folder.resolve("out/result.json")));
  }

  @Test
  void anArmMayTrainOnOtherTokensAndAllOfThemMay() throws IOException {
    ComparisonConfig all = config(List.of(1L));
    Arm topK = all.arms().getFirst();
    ComparisonConfig two =
        new ComparisonConfig(
            all.data(),
            all.train(),
            List.of(1e-2),
            0,
            List.of(1L),
            List.of(topK, new Arm("short", topK.sae(), Optional.of(2_000L), Optional.empty())));
    compare(two).assertDone();
    double full = arm(0).path("figures").path("fvu").path(0).doubleValue();
    double fewer = arm(1).path("figures").path("fvu").path(0).doubleValue();
    assertTrue(full < fewer, full + " after 20,000 tokens, " + fewer + " after 2,000");
    compare(two, "--tokens", "10000").assertDone();
    JsonNode written = Json.tree(folder.resolve("out/config-tokens10000.json"));
    assertEquals(10_000, written.path("train").path("tokens").intValue());
    assertEquals(1_000, written.path("arms").path(1).path("tokens").intValue());
    JsonNode half = Json.tree(folder.resolve("out/result-tokens10000.json")).path("arms").path(0);
    assertTrue(half.path("figures").path("fvu").path(0).doubleValue() > full, half.toString());
  }

  @Test
  void severalNumbersOfActiveLatentsGiveTheResultsOfEachAlone() throws IOException {
    compare(config(List.of(1L, 2L)), "--k", "3").assertDone();
    JsonNode alone = Json.tree(folder.resolve("out/result-k3.json"));
    long before = cells();
    Files.delete(folder.resolve("out/result-k3.json"));
    Execution both = compare(config(List.of(1L, 2L)), "--k", "2,3", "--json").assertDone();
    assertEquals(2 * before, cells());
    assertEquals(alone, Json.tree(folder.resolve("out/result-k3.json")));
    assertEquals(alone, both.json().path("k").path("3"));
    JsonNode l0 = both.json().path("k").path("2").path("arms").path(0).path("figures");
    assertEquals(2, l0.path("l0").path(0).doubleValue(), 0.1);
  }

  @Test
  void anArmMayHaveLearningRatesOfItsOwnAndThoseOfAnotherComparisonNeedNoTuning()
      throws IOException {
    ComparisonConfig all = config(List.of(1L));
    Arm topK = all.arms().getFirst();
    Arm slow = new Arm("slow", topK.sae(), Optional.empty(), Optional.of(List.of(1e-5, 1e-4)));
    ComparisonConfig two =
        new ComparisonConfig(
            all.data(), all.train(), all.learningRates(), 0, List.of(1L), List.of(topK, slow));
    compare(two).assertDone();
    assertEquals(1e-2, arm(0).path("learning_rate").doubleValue());
    assertEquals(1e-4, arm(1).path("learning_rate").doubleValue());
    assertEquals(2 * (2 + 1), cells());
    String chosen = folder.resolve("out/result.json").toString();
    compare(two, "--k", "3", "--rates-of", chosen).assertDone();
    assertEquals(2 * (2 + 1) + 2, cells());
    JsonNode ofK = Json.tree(folder.resolve("out/result-k3.json")).path("arms").path(1);
    assertEquals(1e-4, ofK.path("learning_rate").doubleValue());
    assertEquals(0, ofK.path("tuning").size());
    ComparisonConfig other =
        new ComparisonConfig(
            all.data(),
            all.train(),
            all.learningRates(),
            0,
            List.of(1L),
            List.of(new Arm("other", topK.sae())));
    compare(other, "--rates-of", chosen)
        .assertRefused("arms.name: is other; learning rates were chosen for");
  }

  /** Returns the hook point that a kept autoencoder names. */
  private String hookOfFirstSae() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("out/cells"))) {
      Path cfg = files.filter(file -> file.endsWith("sae/cfg.json")).findFirst().orElseThrow();
      return Json.tree(cfg).at("/metadata/hook_name").asString();
    }
  }

  private static ComparisonConfig ofModel(String hook) {
    ModelData data =
        new ModelData(
            "tiny-lm",
            hook,
            new TextSettings(true, 0.01, 0.2, 0),
            64,
            2_000,
            600,
            600,
            6,
            10,
            12,
            Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
            Optional.empty());
    TrainConfig train =
        TrainConfig.defaults().toBuilder().tokens(8_000).batchSize(200).bDecSample(500).build();
    return new ComparisonConfig(
        data,
        train,
        List.of(2e-3),
        0,
        List.of(1L),
        List.of(new Arm("topk", new SaeSettings(SaeSettings.Kind.TOPK, 256, 8))));
  }

  @Test
  void aModelIsHarvestedOnceAndReadWithReconstructionsSplicedIn() throws IOException {
    compare(ofModel("blocks.2.hook_resid_post")).assertDone();
    JsonNode figures = arm(0).path("figures");
    assertTrue(figures.path("fvu").path(0).doubleValue() < 0.8, figures.toString());
    assertTrue(figures.path("ce_rise").path(0).doubleValue() > 0, figures.toString());
    assertTrue(figures.path("kl").path(0).doubleValue() > 0, figures.toString());
    assertTrue(figures.path("token_f1").path(0).doubleValue() > 0.1, figures.toString());
    double probed = figures.path("probe_5").path(0).doubleValue();
    assertTrue(probed > 0.4 && probed <= 1, figures.toString());
    assertTrue(
        figures.path("pursuit_fvu").path(0).doubleValue()
            < figures.path("fvu").path(0).doubleValue(),
        figures.toString());
    assertEquals("blocks.2.hook_resid_post", hookOfFirstSae());
    Path store = folder.resolve("out/activations/training");
    var harvested = Files.getLastModifiedTime(store);
    JsonNode before = Json.tree(folder.resolve("out/result.json"));
    compare(ofModel("blocks.2.hook_resid_post")).assertDone();
    assertEquals(harvested, Files.getLastModifiedTime(store));
    assertEquals(before, Json.tree(folder.resolve("out/result.json")));
    Execution other =
        compare(ofModel("blocks.2.hook_resid_post"), "--hook", "blocks.1.hook_resid_post");
    assertEquals(2, other.exitCode());
    assertTrue(other.err().contains("blocks.1.hook_resid_post"), other.err());
  }

  @Test
  void anArmThatIsNotPossibleIsRefusedBeforeAnythingIsTrained() throws IOException {
    Execution run = compare(config(List.of(1L)), "--k", "25");
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("k: is 25, d_sae is 24"), run.err());
    assertFalse(Files.exists(folder.resolve("out/cells")));
  }

  @Test
  void syntheticDataHaveNoHook() throws IOException {
    Execution run = compare(config(List.of(1L)), "--hook", "blocks.1.hook_resid_post");
    assertEquals(2, run.exitCode());
    assertTrue(
        run.err()
            .contains(
                "hook: is blocks.1.hook_resid_post, but the data are synthetic; only a model has hooks"),
        run.err());
  }

  @Test
  void aTuningSeedThatIsReportedIsRefused() throws IOException {
    Path file = folder.resolve("bad.json");
    Json.write(file, config(List.of(1L)));
    Files.writeString(
        file,
        Files.readString(file)
            .replace("\"tuning_seed\" : 0", "\"tuning_seed\" : 1")
            .replace("\"tuning_seed\": 0", "\"tuning_seed\": 1"));
    Execution run =
        Execution.of(
            "compare", "--config", file.toString(), "--out", folder.resolve("out").toString());
    assertEquals(2, run.exitCode());
    assertTrue(
        run.err()
            .contains(
                "tuning_seed: is 1, which is one of seeds too; what was tuned on is not reported"),
        run.err());
  }
}
