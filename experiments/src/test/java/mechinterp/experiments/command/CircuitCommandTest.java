package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import mechinterp.experiments.Execution;
import mechinterp.io.Json;
import mechinterp.sae.file.SaeMetadata;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.SAXException;
import tools.jackson.databind.JsonNode;

/** The commands on a tiny GPT-2 with random weights. */
final class CircuitCommandTest {
  private static final String EXAMPLES =
      """
      {"examples": [{"clean": [1, 2, 3, 4], "corrupt": [1, 9, 3, 4], "answer": 5, "wrong": 6},
                    {"clean": [7, 2, 8], "corrupt": [4, 2, 8], "answer": 1, "wrong": 0}]}
      """;

  @TempDir private Path parent = Path.of("");
  private Path model = Path.of("");
  private Path task = Path.of("");

  @BeforeEach
  void writeAModelAndATask() throws IOException {
    model = Files.createDirectory(parent.resolve("tiny"));
    TinyGpt2.write(model);
    task = Files.writeString(parent.resolve("task.json"), EXAMPLES);
  }

  private Execution circuit(String command, String out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "circuit",
                command,
                "--model",
                model.toString(),
                "--task",
                task.toString(),
                "--out",
                parent.resolve(out).toString()));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private JsonNode file(String name) throws IOException {
    return Json.tree(parent.resolve(name));
  }

  private static List<String> names(JsonNode list) {
    return list.valueStream().map(item -> item.at("/name").stringValue()).toList();
  }

  @Test
  void nodesAreWrittenByEveryMethod() throws IOException {
    for (String method :
        List.of("exact", "atp", "atp-qk", "atp-drop", "atp-ig", "relp", "relp-ah")) {
      JsonNode printed =
          circuit("nodes", method + ".json", "--method", method, "--steps", "3", "--json")
              .assertDone()
              .json();
      JsonNode written = file(method + ".json");

      assertEquals(printed, written);
      assertEquals(
          List.of(
              "hook_embed",
              "blocks.0.attn.head.0",
              "blocks.0.attn.head.1",
              "blocks.0.hook_mlp_out",
              "blocks.1.attn.head.0",
              "blocks.1.attn.head.1",
              "blocks.1.hook_mlp_out"),
          names(written.at("/nodes")));
      assertEquals(method, written.at("/settings/method").stringValue());
      assertEquals(2, written.at("/examples").intValue());
      assertEquals(method.equals("atp-ig"), written.has("completeness_error"));
      assertFalse(written.at("/environment/mechinterp").isMissingNode());
      double change =
          written.at("/corrupt_metric").doubleValue() - written.at("/clean_metric").doubleValue();
      if (method.equals("exact")) {
        assertEquals(change, written.at("/nodes/0/effect").doubleValue(), 1e-5);
      }
    }
    Execution compared =
        Execution.of(
                "circuit",
                "compare",
                parent.resolve("exact.json").toString(),
                parent.resolve("atp.json").toString(),
                "--top",
                "3")
            .assertDone();
    assertTrue(compared.out().startsWith("7 effects against"), compared.out());
  }

  @Test
  void edgesAreWrittenByEveryMethod() throws IOException {
    for (String method : List.of("exact", "eap", "eap-ig", "relp", "relp-ah", "acdc")) {
      Path figure = parent.resolve(method + ".svg");
      String[] drawn = {"--curve", "--figure", figure.toString()};
      circuit(
              "edges",
              method + ".json",
              Samples.concat(new String[] {"--method", method, "--steps", "2"}, drawn))
          .assertDone();
      assertCurveDrawn(figure);
      JsonNode written = file(method + ".json");

      // Of layer 0: 6 inputs and the feed-forward layer; of layer 1 and the logits as many more.
      assertEquals(6 + 3 + 6 * 4 + 6 + 7, written.at("/edges").size());
      assertEquals("hook_embed->blocks.0.attn.head.0.q", written.at("/edges/0/name").stringValue());
      assertEquals(method.equals("acdc"), written.at("/edges/0").has("kept"));
      assertEquals(11, written.at("/curve/points").size());
    }
  }

  /** Three lines in a file of its own, which any XML reader takes. */
  private static void assertCurveDrawn(Path figure) throws IOException {
    Document svg;
    try {
      svg = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(figure.toFile());
    } catch (ParserConfigurationException | SAXException e) {
      throw new AssertionError(figure.toString(), e);
    }
    String all = Files.readString(figure);
    assertEquals("svg", svg.getDocumentElement().getTagName());
    assertTrue(all.contains(">edges in the circuit<") && all.contains(">random circuits<"), all);
    assertEquals(2 * 3, all.split("class=\"curve series").length - 1);
  }

  private String sae(String name, SaeMetadata metadata) throws IOException {
    Path folder = parent.resolve(name);
    TinySae.write(folder, 24, metadata);
    return folder.toString();
  }

  private String saeOf(String hook) throws IOException {
    return sae(hook, SaeMetadata.of("tiny", hook));
  }

  @Test
  void featuresAreWrittenByEveryMethod() throws IOException {
    String late = saeOf("blocks.1.hook_resid_post");
    String early = saeOf("blocks.0.hook_mlp_out");
    for (String method : List.of("exact", "atp", "atp-ig", "relp", "relp-ah")) {
      String[] wanted = {
        "--sae", late, early, "--method", method, "--steps", "3", "--edges", "--curve"
      };
      List<String> more = new ArrayList<>(List.of(wanted));
      more.addAll(List.of("--node-threshold", "0", "--edge-threshold", "0", "--json"));
      JsonNode printed =
          circuit("features", method + ".json", more.toArray(String[]::new)).assertDone().json();
      JsonNode written = file(method + ".json");
      List<String> names = names(written.at("/nodes"));

      assertEquals(printed, written);
      assertEquals(
          "[\"blocks.0.hook_mlp_out\",\"blocks.1.hook_resid_post\"]",
          written.at("/autoencoders/hooks").toString());
      assertTrue(names.getFirst().startsWith("blocks.0.hook_mlp_out/latent "), names.getFirst());
      assertEquals("blocks.1.hook_resid_post/error", names.getLast());
      assertTrue(names.contains("blocks.0.hook_mlp_out/error"));
      assertTrue(names(written.at("/edges")).contains("blocks.1.hook_resid_post/error->logits"));
      assertEquals(11, written.at("/curve/points").size());
      assertEquals(names.size(), written.at("/curve/points").get(10).at("/size").intValue());
      assertEquals(method.equals("atp-ig"), written.has("completeness_error"));
    }
    Execution.of("circuit", "compare", path("exact.json"), path("atp.json"), "--top", "3")
        .assertDone();
    circuit("features", "zero.json", "--sae", early, "--replace", "zero", "--method", "atp")
        .assertDone();
    assertFalse(file("zero.json").has("edges"));
  }

  private String path(String name) {
    return parent.resolve(name).toString();
  }

  @Test
  void autoencodersThatDoNotFitAreOneLine() throws IOException {
    String sae = saeOf("blocks.0.hook_mlp_out");
    circuit("features", "a.json", "--sae", sae, sae)
        .assertRefusedAtTheEnd("features: blocks.0.hook_mlp_out has two autoencoders");
    String nowhere = sae("nowhere", new SaeMetadata(Map.of()));
    circuit("features", "a.json", "--sae", nowhere)
        .assertRefusedAtTheEnd("name the hook points []; they must name one");
    String other =
        sae("other", SaeMetadata.of("tiny", "hook_embed").with("model_identity", "other 123"));
    circuit("features", "a.json", "--sae", other)
        .assertRefusedAtTheEnd("the autoencoder was trained on \"other 123\"");
    circuit("features", "a.json", "--sae", saeOf("blocks.7.hook_mlp_out"))
        .assertRefusedAtTheEnd("hook blocks.7.hook_mlp_out: tiny has no such hook");
    circuit("features", "a.json", "--sae", saeOf("blocks.0.mlp.hook_post"))
        .assertRefusedAtTheEnd("is 16 wide, the autoencoder's d_in is 8");
    circuit("features", "a.json", "--sae", sae, "--replace", "zero", "--direction", "denoising")
        .assertRefusedAtTheEnd("direction: is denoising");
    circuit("features", "a.json", "--sae", sae, "--by-position")
        .assertRefusedAtTheEnd("3 to 4 tokens");
    circuit("features", "a.json", "--sae", sae, "--node-threshold", "-1")
        .assertRefusedAtTheEnd("node_threshold: is -1.0");
    circuit("features", "a.json").assertRefused("--sae");
    circuit("edges", "a.json", "--figure", path("f.svg"))
        .assertRefused("--figure: is given without --curve");
    assertFalse(Files.exists(parent.resolve("a.json")));
  }

  @Test
  void otherNodesPositionsAndDirections() throws IOException {
    circuit("nodes", "a.json", "--nodes", "head_parts", "--direction", "denoising").assertDone();
    assertEquals(16, file("a.json").at("/nodes").size());
    circuit("nodes", "b.json", "--nodes", "residual", "--by-position", "--examples", "1")
        .assertDone();
    assertEquals("blocks.0.hook_resid_pre@0", file("b.json").at("/nodes/0/name").stringValue());
    assertFalse(file("b.json").at("/nodes/0").has("half_width"));
    circuit("nodes", "c.json", "--nodes", "neurons", "--metric", "kl_divergence").assertDone();
    assertEquals(0, file("c.json").at("/clean_metric").doubleValue(), 1e-6);
  }

  @Test
  void badInputIsOneLine() throws IOException {
    circuit("nodes", "a.json", "--by-position").assertRefusedAtTheEnd("3 to 4 tokens");
    circuit("nodes", "a.json", "--steps", "0", "--method", "atp-ig")
        .assertRefusedAtTheEnd("steps: is 0");
    circuit("nodes", "a.json", "--method", "atp", "--metric", "kl_divergence")
        .assertRefusedAtTheEnd("is zero at the clean run");
    circuit("nodes", "a.json", "--method", "eap").assertRefused("is eap; it must be one of exact");
    circuit("edges", "a.json", "--method", "acdc", "--threshold", "0")
        .assertRefusedAtTheEnd("threshold: is 0.0");
    Files.writeString(task, EXAMPLES.replace("[1, 9, 3, 4]", "[1, 9, 3]"));
    circuit("nodes", "a.json").assertRefusedAtTheEnd("examples[0]: clean has 4 ids, corrupt has 3");
    Files.writeString(task, EXAMPLES.replace("[1, 9, 3, 4]", "[1, 300, 3, 4]"));
    circuit("nodes", "a.json").assertRefusedAtTheEnd("examples[0]: corrupt has id 300");
    Files.delete(task);
    circuit("nodes", "a.json").assertRefusedAtTheEnd("task.json");
    Execution.of("circuit", "nodes", "--model", model.toString(), "--task", "riddles", "--out", "a")
        .assertRefusedAtTheEnd("--task: is riddles; it must be a JSON file or one of induction");
    Execution.of("circuit", "nodes", "--model", model.toString(), "--task", "ioi", "--out", "a")
        .assertRefusedAtTheEnd("task ioi: no prompt's answers are single tokens");
    assertFalse(Files.exists(parent.resolve("a.json")));
  }

  @Test
  void aCommandIsNeeded() {
    Execution.of("circuit").assertRefused("no command given; choose one of", "nodes", "edges");
  }
}
