package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
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
  }
}
