package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import mechinterp.experiments.Execution;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Steering and the lens on a model with random weights. */
class SteerTest {
  @TempDir private Path folder;
  private String model = "";
  private String sae = "";
  private String text = "";

  @BeforeEach
  void writeFiles() throws IOException {
    Path tiny = Files.createDirectory(folder.resolve("tiny"));
    TinyGpt2.write(tiny);
    model = tiny.toString();
    sae = sae("sae", Optional.empty());
    text =
        Files.writeString(folder.resolve("text.txt"), "the cat sat\nand the other hat\n")
            .toString();
  }

  private String sae(String name, Optional<String> trainedOn) throws IOException {
    Path target = folder.resolve(name);
    TinySae.write(
        target,
        20,
        trainedOn.map(id -> TinySae.METADATA.with("model_identity", id)).orElse(TinySae.METADATA));
    return target.toString();
  }

  private Execution steer(String autoencoder, String... more) {
    String[] arguments = {
      "steer",
      "--model",
      model,
      "--sae",
      autoencoder,
      "--prompt",
      "the cat",
      "--tokens",
      "6",
      "--unrelated",
      text
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  @Test
  void strengthsStandSideBySide() throws IOException {
    JsonNode result = steer(sae, "--latent", "4", "--add", "0,200", "--json").assertDone().json();
    assertEquals("add", result.get("change").asString());
    JsonNode none = result.get("steered").get(0);
    JsonNode strong = result.get("steered").get(1);
    assertEquals(0, none.get("dose").get("kl_divergence").asDouble(), 1e-9);
    assertEquals(result.get("text").asString(), none.get("text").asString());
    assertEquals(
        result.get("target_probability").asDouble(),
        none.get("dose").get("target_probability").asDouble(),
        1e-9);
    assertTrue(strong.get("dose").get("kl_divergence").asDouble() > 0);
    assertEquals(200, strong.get("dose").get("strength").asDouble());
    assertEquals(10, result.get("targets").size());
  }

  @Test
  void everyChangeAndPlaceIsTaken() {
    steer(sae, "--latent", "4,5", "--ablate", "--places", "prompt").assertDone();
    steer(sae, "--latent", "4", "--scale", "2", "--places", "generated", "--error", "dropped")
        .assertDone();
    String shown =
        steer(sae, "--latent", "4", "--clamp", "1.5,3", "--places", "1,2", "--target", "mat")
            .assertDone()
            .out();
    assertTrue(shown.contains("clamp 1.5:") && shown.contains("untouched:"), shown);
  }

  @Test
  void dosesAreDrawn() throws IOException {
    Path figure = folder.resolve("doses.svg");
    steer(sae, "--latent", "4", "--add", "2,8,50", "--figure", figure.toString()).assertDone();
    String svg = Files.readString(figure);
    for (String note : List.of("wanted tokens, %", ">add 50<")) {
      assertTrue(svg.contains(note), svg);
    }
    assertEquals(4, svg.split("<circle").length - 1);
  }

  @Test
  void badInputIsOneLine() throws IOException {
    steer(sae, "--latent", "20", "--ablate")
        .assertRefusedAtTheEnd("latent: is 20; it must lie within 0 to 19");
    steer(sae, "--latent", "1", "--ablate", "--places", "here")
        .assertRefusedAtTheEnd("--places: is \"here\"; expected all, prompt, generated or numbers");
    steer(sae, "--latent", "1", "--ablate", "--hook", "blocks.0.mlp.hook_post")
        .assertRefusedAtTheEnd("blocks.0.mlp.hook_post is 16 wide, the autoencoder's d_in is 8");
    steer(sae("other", Optional.of("other sha256:1")), "--latent", "1", "--ablate")
        .assertRefusedAtTheEnd("the autoencoder was trained on \"other sha256:1\"");
    steer(sae, "--latent", "1").assertRefused("--ablate");
  }

  @Test
  void theLensEndsWithTheModelsOwnPrediction() throws IOException {
    JsonNode lens =
        Execution.of("model", "lens", "--model", model, "--text", "the cat sat", "--json")
            .assertDone()
            .json();
    JsonNode layers = lens.get("layers");
    assertEquals(3, layers.size());
    assertEquals("blocks.0.hook_resid_pre", layers.get(0).get("hook").asString());
    assertEquals(0, layers.get(2).get("tokens").get(1).get("kl_divergence").asDouble(), 1e-6);
    assertNotEquals(0, layers.get(0).get("tokens").get(1).get("kl_divergence").asDouble());
    assertEquals(5, layers.get(1).get("tokens").get(0).get("likeliest").size());
    Execution.of("model", "lens", "--model", model, "--text", "the cat", "--last", "2")
        .assertDone();
  }
}
