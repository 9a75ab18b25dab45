package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.experiments.Execution;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code sae verify} of an autoencoder that is what it says, and of others. */
class SaeVerifyTest {
  private static final String HOOK = "blocks.2.hook_resid_post";
  private static final String TEXT =
      """
      The cat sat on the mat and looked at the dog.
      The dog chased the cat through the garden.
      A fish swims in the sea, and another fish follows.
      The parliament voted on the fisheries report.
      """;

  @TempDir private Path folder;

  private Path text = Path.of("text");
  private Path sae = Path.of("sae");

  @BeforeEach
  void train() throws IOException {
    text = Files.writeString(folder.resolve("text.txt"), TEXT);
    Path store = folder.resolve("store");
    Execution.of(
            "harvest",
            "--model",
            "tiny-lm",
            "--hook",
            HOOK,
            "--text",
            text.toString(),
            "--out",
            store.toString())
        .assertDone();
    sae = folder.resolve("sae");
    Execution.of(
            "train",
            "--store",
            store.toString(),
            "--out",
            sae.toString(),
            "--kind",
            "topk",
            "--d-sae",
            "64",
            "--k",
            "8",
            "--tokens",
            "8000",
            "--batch",
            "20",
            "--lr",
            "0.003")
        .assertDone();
  }

  private JsonNode verify(Path which, String... more) throws IOException {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("sae", "verify", "--sae", which.toString(), "--model", "tiny-lm"));
    arguments.addAll(List.of("--text", text.toString(), "--json"));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new)).assertDone().json().get("verification");
  }

  @Test
  void anAutoencoderThatIsWhatItSaysGivesNoWarning() throws IOException {
    JsonNode result = verify(sae);
    assertEquals(0, result.get("warnings").size(), result.toString());
    assertTrue(result.get("fvu").asDouble() < 0.5, result.toString());
    assertEquals(8, result.get("claimed_l0").asDouble());
  }

  @Test
  void anotherHookIsSeenByItsFvu() throws IOException {
    JsonNode result = verify(sae, "--hook", "blocks.0.hook_resid_pre");
    assertTrue(result.get("warnings").toString().contains("FVU is"), result.toString());
  }

  @Test
  void aScaleThatWasNotFoldedIsNamed() throws IOException {
    double scale = verify(sae).get("scale").asDouble();
    Path unfolded = folder.resolve("unfolded");
    try (Device device = CpuDevice.best(1)) {
      LoadedSae loaded = SaeFiles.load(sae, device);
      SaeFiles.save(loaded.sae().foldInputScale(1 / scale), unfolded, loaded.metadata());
    }
    String warnings = verify(unfolded).get("warnings").toString();
    assertTrue(warnings.contains("a scale of the training was not folded"), warnings);
  }

  @Test
  void withoutAnyHookItIsAskedFor() throws IOException {
    Path bare = folder.resolve("bare");
    Execution.of(
            "sae",
            "convert",
            "--sae",
            sae.toString(),
            "--format",
            "sparsify",
            "--out",
            bare.toString())
        .assertDone();
    Execution.of(
            "sae",
            "verify",
            "--sae",
            bare.toString(),
            "--model",
            "tiny-lm",
            "--text",
            text.toString())
        .assertRefused("--hook: is missing", "1 hook points are needed");
  }
}
