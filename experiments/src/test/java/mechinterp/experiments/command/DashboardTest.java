package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.experiments.Execution;
import mechinterp.io.Json;
import mechinterp.sae.file.SaeMetadata;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * A folder of pages for a random autoencoder; what a browser makes of it is looked at by people.
 */
class DashboardTest {
  private static final int LATENTS = 70;

  @TempDir private Path folder;
  private Path text = Path.of("");

  @BeforeEach
  void writeFiles() throws IOException {
    TinyGpt2.write(Files.createDirectory(folder.resolve("tiny")));
    TinySae.write(folder.resolve("sae"), LATENTS, TinySae.METADATA);
    text = folder.resolve("text.txt");
    Files.write(
        text,
        Stream.generate(
                () -> List.of("the cat sat on </script> & the mat", "and \"the\" other hat"))
            .limit(10)
            .flatMap(List::stream)
            .toList());
  }

  private Execution dashboard(String... more) {
    String[] arguments = {
      "dashboard",
      "--model",
      folder.resolve("tiny").toString(),
      "--sae",
      folder.resolve("sae").toString(),
      "--out",
      folder.resolve("pages").toString()
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  private JsonNode data(String file, String function) throws IOException {
    String script = Files.readString(folder.resolve("pages/data").resolve(file));
    String call = "dashboard." + function + "(";
    assertTrue(script.startsWith(call) && script.endsWith(");\n"), script);
    byte[] json =
        script.substring(call.length(), script.length() - 3).getBytes(StandardCharsets.UTF_8);
    return Json.read(file, new ByteArrayInputStream(json), JsonNode.class);
  }

  @Test
  void everyLatentHasARowAndAPage() throws IOException {
    JsonNode result = dashboard("--text", text.toString(), "--json").assertDone().json();
    assertEquals(LATENTS, result.get("latents").asInt());
    JsonNode overview = data("overview.js", "overview");
    assertEquals(LATENTS, overview.get("rows").size());
    assertEquals(64, overview.get("chunk").asInt());
    assertEquals(64, data("latents-0.js", "latents").size());
    JsonNode last = data("latents-1.js", "latents");
    assertEquals(LATENTS - 64, last.size());
    assertEquals(64, last.get(0).get("latent").asInt());
    int active = 0;
    for (JsonNode page : data("latents-0.js", "latents")) {
      JsonNode row = overview.get("rows").get(page.get("latent").asInt());
      JsonNode strongest = page.get("groups").get(0).get("contexts");
      assertEquals(row.get("density").asDouble() > 0, !strongest.isEmpty());
      if (!strongest.isEmpty()) {
        active++;
        JsonNode context = strongest.get(0);
        assertEquals(context.get("tokens").size(), context.get("activations").size());
        double peak = context.get("activations").get(context.get("peak").asInt()).asDouble();
        assertEquals(row.get("max").asDouble(), peak, 1e-9);
        assertTrue(context.get("source").asString().startsWith("line "));
        assertEquals(5, page.get("decoder").size());
        assertEquals(5, page.get("encoder").size());
        assertEquals(6, page.get("promoted").size());
      }
    }
    assertTrue(active > 3, "active: " + active);
    JsonNode map = data("map.js", "map");
    assertTrue(overview.get("map").asBoolean());
    assertEquals(LATENTS, map.get("x").size());
    for (JsonNode y : map.get("y")) {
      assertTrue(y.isInt() && y.asInt() >= 0 && y.asInt() <= 10_000, y::toString);
    }
  }

  @Test
  void pagesOfAnAttentionAutoencoderShowFromWhereItComes() throws IOException {
    dashboard("--text", text.toString()).assertDone();
    for (JsonNode page : data("latents-0.js", "latents")) {
      assertTrue(page.get("attention").isEmpty(), "the autoencoder is of the residual stream");
    }
    Files.move(folder.resolve("pages"), folder.resolve("of the residual stream"));
    Files.move(folder.resolve("sae"), folder.resolve("residual"));
    TinySae.write(folder.resolve("sae"), LATENTS, SaeMetadata.of("tiny", "blocks.1.attn.hook_z"));
    dashboard("--text", text.toString(), "--attributions", "2").assertDone();
    JsonNode rows = data("overview.js", "overview").get("rows");
    int shown = 0;
    for (JsonNode page : data("latents-0.js", "latents")) {
      JsonNode contexts = page.get("groups").get(0).get("contexts");
      JsonNode attention = page.get("attention");
      assertEquals(Math.min(2, contexts.size()), attention.size());
      for (JsonNode token : attention) {
        assertSumsUp(token);
        shown++;
      }
      if (!attention.isEmpty()) {
        double max = rows.get(page.get("latent").asInt()).get("max").asDouble();
        assertEquals(max, attention.get(0).get("pre_activation").asDouble(), 2e-3 * max);
        JsonNode tokens = contexts.get(0).get("tokens");
        int peak = contexts.get(0).get("peak").asInt();
        JsonNode text = attention.get(0).get("tokens");
        assertEquals(tokens.get(peak), text.get(text.size() - 1));
      }
    }
    assertTrue(shown > 3, "shown: " + shown);
    dashboard("--text", text.toString(), "--attributions", "-1")
        .assertRefused("--attributions: is -1; it must be 0 or more");
  }

  /** Each number has four digits. */
  private static void assertSumsUp(JsonNode token) {
    double sum = token.get("constant").asDouble() + token.get("earlier").asDouble();
    double size = Math.abs(sum);
    for (JsonNode value : token.get("values")) {
      sum += value.asDouble();
      size += Math.abs(value.asDouble());
    }
    assertEquals(token.get("pre_activation").asDouble(), sum, 1e-3 * size);
    assertEquals(token.get("tokens").size(), token.get("values").size());
    assertEquals(2, token.get("heads").size());
    assertEquals(6, token.get("largest").size());
  }

  @Test
  void pagesNeedNothingFromElsewhere() throws IOException {
    dashboard("--text", text.toString(), "--tokens", "60").assertDone();
    for (String file : List.of("index.html", "dashboard.js", "map.js", "dashboard.css")) {
      String content = Files.readString(folder.resolve("pages").resolve(file));
      assertFalse(content.contains("http:") || content.contains("https:"), file);
      assertFalse(content.contains("fetch(") || content.contains("import("), file);
    }
  }

  @Test
  void whatNeuronpediaGetsShowsTheSameAgain() throws IOException {
    String export = folder.resolve("export").toString();
    dashboard("--text", text.toString(), "--neuronpedia", export).assertDone();
    JsonNode rows = data("overview.js", "overview").get("rows");
    JsonNode pages = data("latents-0.js", "latents");
    Path source = folder.resolve("export/tiny/0-res-70");
    String out = folder.resolve("again").toString();
    JsonNode result =
        Execution.of("neuronpedia", source.toString(), "--out", out, "--json").assertDone().json();
    assertEquals(LATENTS, result.get("latents").asInt());
    assertEquals("0-res-70", result.get("source").asString());
    Files.move(folder.resolve("pages"), folder.resolve("first"));
    Files.move(folder.resolve("again"), folder.resolve("pages"));
    JsonNode again = data("latents-0.js", "latents");
    for (int i = 0; i < again.size(); i++) {
      JsonNode row = data("overview.js", "overview").get("rows").get(i);
      assertEquals(rows.get(i).get("max"), row.get("max"));
      assertEquals(rows.get(i).get("density"), row.get("density"));
      assertEquals(rows.get(i).get("about"), row.get("about"));
      assertEquals(pages.get(i).get("decoder"), again.get(i).get("decoder"));
      assertEquals(pages.get(i).get("histogram"), again.get(i).get("histogram"));
      JsonNode contexts = pages.get(i).get("groups").get(0).get("contexts");
      JsonNode same = again.get(i).get("groups").get(0).get("contexts");
      assertEquals(contexts.size(), same.size());
      for (int c = 0; c < contexts.size(); c++) {
        assertEquals(contexts.get(c).get("tokens"), same.get(c).get("tokens"));
        assertEquals(contexts.get(c).get("activations"), same.get(c).get("activations"));
      }
    }
    Execution.of("neuronpedia", folder.toString(), "--out", folder.resolve("x").toString())
        .assertRefused("has neither features/batch-N.jsonl.gz nor batch-N.json");
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    dashboard().assertRefused("--store or --text: one must be given");
    Files.createDirectory(folder.resolve("pages"));
    Files.writeString(folder.resolve("pages/mine.txt"), "");
    dashboard("--text", text.toString()).assertRefused("pages: holds files");
  }
}
