package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.experiments.comparison.Arm;
import mechinterp.experiments.comparison.ComparisonConfig;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.languagemodel.LanguageModelConfig;
import mechinterp.experiments.quickstart.QuickstartConfig;
import mechinterp.io.Json;
import org.junit.jupiter.api.Test;

class ConfigFilesTest {

  @Test
  void theFilesInConfigsAreValid() throws IOException {
    QuickstartConfig quickstart =
        Json.read(Path.of("../configs/quickstart.json"), QuickstartConfig.class);
    assertEquals(32, quickstart.training().sae().k());
    TrainSettings train = Json.read(Path.of("../configs/train-topk.json"), TrainSettings.class);
    assertEquals(16384, train.sae().config(768).dSae());
    SweepSettings sweep = Json.read(Path.of("../configs/sweep.json"), SweepSettings.class);
    List<Site> sites = List.of(new Site("activations", 768, Normalization.NONE));
    assertEquals(3, sweep.members(sites).size());
    SweepSettings transcoders =
        Json.read(Path.of("../configs/transcoders-tiny-lm.json"), SweepSettings.class);
    assertEquals(4, transcoders.members().size());
  }

  @Test
  void theComparisonOfTheHybridIsOnTheDataOfAllKinds() throws IOException {
    ComparisonConfig hybrid = comparison("hybrid-synthetic");
    ComparisonConfig all = comparison("known-features");
    assertEquals(all.data(), hybrid.data());
    assertEquals(all.train(), hybrid.train());
    assertEquals(all.arms().getFirst(), hybrid.arms().getFirst());
    for (Arm arm : hybrid.arms()) {
      assertEquals(1024, arm.sae().config(256).dSae());
    }
    for (Arm arm : comparison("hybrid-small").arms()) {
      assertEquals(12, arm.sae().k());
      assertEquals(512, arm.sae().config(96).dSae());
    }
  }

  @Test
  void theComparisonOnTheShippedModelHasTheArmsOfTheHybridsParts() throws IOException {
    ComparisonConfig hybrid = comparison("hybrid-tiny-lm").withK(16);
    assertTrue(hybrid.data() instanceof ModelData data && data.model().equals("tiny-lm"));
    for (Arm arm : hybrid.arms()) {
      assertEquals(16, arm.sae().k());
      assertEquals(4096, arm.sae().config(192).dSae());
    }
  }

  private static ComparisonConfig comparison(String name) throws IOException {
    return Json.read(Path.of("../configs/" + name + ".json"), ComparisonConfig.class);
  }

  @Test
  void theLadderOfLanguageModelsIsOfOneText() throws IOException {
    LanguageModelConfig tiny = languageModel("tiny-lm");
    for (String smaller : List.of("tiny-lm-1m", "tiny-lm-300k")) {
      LanguageModelConfig config = languageModel(smaller);
      assertEquals(smaller, config.name());
      assertEquals(tiny.text(), config.text());
      assertEquals(tiny.vocabularySize(), config.vocabularySize());
      assertEquals(tiny.train().tokens(), config.train().tokens());
      assertTrue(config.model().dModel() < tiny.model().dModel());
    }
  }

  private static LanguageModelConfig languageModel(String name) throws IOException {
    return Json.read(Path.of("../configs/" + name + ".json"), LanguageModelConfig.class);
  }

  @Test
  void optionsOfAnotherKindAreRefused() {
    SaeSettings settings =
        new SaeSettings(
            SaeSettings.Kind.TOPK,
            24,
            4,
            Optional.empty(),
            Optional.of(Json.node(Map.of("fixed_point_share", 0.5))));
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> settings.config(8)).getMessage());
    assertTrue(
        message.startsWith("sae.options: ") && message.contains("fixed_point_share"), message);
  }
}
