package mechinterp.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Harvester;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureReport;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.text.WordNet;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.training.SaeTrainer;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the README, compiled and run. */
class EmbeddingExampleTest {
  private static final Path README = Path.of("../README.md");
  private static final Path SOURCE =
      Path.of("src/test/java/mechinterp/experiments/EmbeddingExampleTest.java");

  @TempDir private Path temporary;

  @Test
  void theExampleRuns() throws IOException {
    Path text = temporary.resolve("text.txt");
    List<String> lines =
        WordNet.glosses().subList(0, 60).stream().map(document -> document.text()).toList();
    Files.write(text, lines);
    Path folder = temporary.resolve("sae");

    // README example begins
    Device device = CpuDevice.best(Runtime.getRuntime().availableProcessors());
    Transformer model = Models.load("tiny-lm", device);
    HookPoint site = HookPoint.residPost(2);
    ActivationStore store = Harvester.of(model, site).collect(Corpus.text(text), 100_000);

    TopKConfig config = new TopKConfig(192, 1536, 16); // d_in, d_sae, k
    TrainConfig train = TrainConfig.defaults().toBuilder().tokens(20_000).build();
    Sae sae =
        new SaeTrainer(device, train)
            .train(config, store.shuffled(device, train.seed()), TrainListener.none())
            .sae();
    SaeFiles.save(sae, folder, SaeMetadata.of("tiny-lm", site.toString()));

    FeatureReport features = FeatureAnalysis.of(sae).over(store);
    System.out.println(features.profile(7));
    // README example ends

    assertTrue(features.tokens() > 500, "tokens " + features.tokens());
    assertEquals(config, SaeFiles.load(folder, device).sae().config());
    device.close();
  }

  @Test
  void theReadmeHasExactlyThisExample() throws IOException {
    assumeTrue(Files.exists(README), "there is a README");
    List<String> lines = Files.readAllLines(SOURCE);
    String example =
        String.join(
                "\n",
                lines.subList(
                    lines.indexOf("    // README example begins") + 1,
                    lines.indexOf("    // README example ends")))
            .stripIndent()
            .strip();
    String readme = Files.readString(README);
    assertTrue(
        readme.contains("```java\n" + example + "\n```"),
        "the README's example is not the one between the markers of " + SOURCE);
  }
}
