package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import mechinterp.experiments.Execution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** From a text file to features, command by command. */
class HarvestFeaturesTest {
  private static final String TEXT =
      """
      The cat sat on the mat & <looked> at the "dog".
      The dog chased the cat through the garden.

      A fish swims in the sea, and another fish follows.
      The parliament voted on the fisheries report.
      The sea was calm, and the cat slept.
      """;

  @TempDir private Path folder;

  @Test
  void textBecomesFeatures() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), TEXT);
    Path store = folder.resolve("store");
    JsonNode harvested =
        Execution.of(
                "harvest",
                "--model",
                "tiny-lm",
                "--hook",
                "blocks.2.hook_resid_post",
                "--text",
                text.toString(),
                "--out",
                store.toString(),
                "--json")
            .assertDone()
            .json();
    assertEquals(192, harvested.get("d_in").asInt());
    Path sae = folder.resolve("sae");
    Execution.of(
            "train",
            "--store",
            store.toString(),
            "--out",
            sae.toString(),
            "--kind",
            "topk",
            "--d-sae",
            "32",
            "--k",
            "4",
            "--tokens",
            "400",
            "--batch",
            "20")
        .assertDone();
    assertFeatures(store, sae, harvested.get("tokens").asInt());
  }

  /** An autoencoder of what attention makes is shown with the tokens that heads bring it from. */
  @Test
  void attentionIsSplitByHeadAndToken() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), TEXT);
    Path store = folder.resolve("store");
    String[] harvest = {"harvest", "--model", "tiny-lm", "--hook", "blocks.1.hook_attn_out"};
    String[] files = {"--text", text.toString(), "--out", store.toString()};
    Execution.of(Samples.concat(harvest, files)).assertDone();
    Path sae = folder.resolve("sae");
    String[] train = {
      "train", "--kind", "topk", "--store", store.toString(), "--out", sae.toString()
    };
    String[] sizes = {"--d-sae", "32", "--k", "4", "--tokens", "400", "--batch", "20"};
    Execution.of(Samples.concat(train, sizes)).assertDone();
    String[] features = {"features", "--store", store.toString(), "--sae", sae.toString()};
    JsonNode shown =
        Execution.of(Samples.concat(features, "--latent", "5,0", "--json")).assertDone().json();

    assertEquals(2, shown.get("attributions").size());
    for (JsonNode card : shown.get("attributions")) {
      for (JsonNode token : card.get("tokens")) {
        double sum = token.get("constant").asDouble();
        for (JsonNode head : token.get("heads")) {
          sum += head.get("value").asDouble();
        }
        assertEquals(token.get("pre_activation").asDouble(), sum, 1e-4);
        assertEquals(6, token.get("largest").size());
      }
    }
    String printed = Execution.of(Samples.concat(features, "--latent", "5")).assertDone().out();
    assertTrue(printed.contains("from where attention brings it"), printed);
  }

  @Test
  void activationsOfTwoHookPointsTrainATranscoder() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), TEXT);
    Path store = folder.resolve("store");
    JsonNode harvested =
        Execution.of(
                "harvest",
                "--model",
                "tiny-lm",
                "--hook",
                "blocks.2.ln2.hook_normalized",
                "--hook",
                "blocks.2.hook_mlp_out",
                "--text",
                text.toString(),
                "--out",
                store.toString(),
                "--json")
            .assertDone()
            .json();
    assertEquals(384, harvested.get("d_in").asInt());
    Path sae = folder.resolve("sae");
    String[] train = {
      "train",
      "--store",
      store.toString(),
      "--out",
      sae.toString(),
      "--d-sae",
      "32",
      "--k",
      "4",
      "--tokens",
      "1000",
      "--batch",
      "20"
    };
    Execution.of(Samples.concat(train, "--kind", "topk"))
        .assertRefused(
            "architecture: is topk, which is not of 2 hook points; the activations are of"
                + " blocks.2.ln2.hook_normalized, blocks.2.hook_mlp_out");
    Execution.of(
            Samples.concat(
                train, "--kind", "skip_transcoder", "--k-scope", "batch", "--lr", "0.01"))
        .assertDone();
    JsonNode info = Execution.of("sae", "info", sae.toString(), "--json").assertDone().json();
    assertEquals("jumprelu_transcoder", info.get("sae").get("architecture").asString());
    assertEquals(192, info.get("sae").get("d_out").asInt());
    assertEquals("blocks.2.ln2.hook_normalized", info.get("metadata").get("hook_name").asString());
    assertEquals("blocks.2.hook_mlp_out", info.get("metadata").get("hook_name_out").asString());
    JsonNode metrics =
        Execution.of("eval", "--sae", sae.toString(), "--store", store.toString(), "--json")
            .assertDone()
            .json();
    assertTrue(metrics.get("fvu").asDouble() < 1, metrics.toString());
    assertFeatures(store, sae, harvested.get("tokens").asInt());

    Path crosscoder = folder.resolve("crosscoder");
    String[] both = train.clone();
    both[4] = crosscoder.toString();
    Execution.of(Samples.concat(both, "--kind", "crosscoder", "--lr", "0.01")).assertDone();
    assertFeatures(store, crosscoder, harvested.get("tokens").asInt());
  }

  private static void assertFeatures(Path store, Path sae, int tokens) throws IOException {
    JsonNode features =
        Execution.of(
                "features",
                "--store",
                store.toString(),
                "--sae",
                sae.toString(),
                "--latent",
                "5,0",
                "--contexts",
                "3",
                "--rules",
                "--json")
            .assertDone()
            .json();
    assertEquals(tokens, features.get("tokens").asInt());
    JsonNode first = features.get("features").get(0);
    assertEquals(5, first.get("latent").asInt());
    assertEquals(5, first.get("neighbours").size());
    assertTrue(first.get("contexts").size() <= 3);
    assertTrue(first.get("together").size() <= 5);
    assertTrue(first.get("intervals").size() <= 5);
    assertTrue(first.get("on").isArray());
    JsonNode rules = features.get("rules");
    assertTrue(rules.get("tokens").get("latents").asInt() > 0, rules.toString());
    assertEquals(5, rules.get("latents").get(0).get("latent").asInt());
    String shown =
        Execution.of("features", "--store", store.toString(), "--sae", sae.toString(), "--top", "2")
            .assertDone()
            .out();
    assertTrue(shown.startsWith("32 latents on " + tokens + " tokens"), shown);
    Execution.of("features", "--store", store.toString(), "--sae", sae.toString(), "--latent", "32")
        .assertRefusedAtTheEnd("latent: is 32; it must lie within 0 to 31");
  }
}
