package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
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
}
