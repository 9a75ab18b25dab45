package mechinterp.circuits.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** circuit-tracer's JSON, written and read. */
final class GraphFileTest {
  /** As {@code create_graph_files} of circuit-tracer 0.5.0 writes it, by its own models. */
  private static final String OF_CIRCUIT_TRACER =
      """
      {"metadata": {"slug": "s", "scan": "gemma-2-2b", "transcoder_list": [],
          "prompt_tokens": ["<bos>", "The"], "prompt": "<bos>The", "node_threshold": 0.8,
          "schema_version": 1},
       "qParams": {"pinnedIds": ["3_7_1"], "supernodes": [["both", "3_7_1", "E_651_1"]],
          "linkType": "both", "clickedId": "", "sg_pos": ""},
       "nodes": [
        {"node_id": "3_7_1", "feature": 62, "layer": "3", "ctx_idx": 1,
         "feature_type": "cross layer transcoder", "token_prob": 0.0, "is_target_logit": false,
         "run_idx": 0, "reverse_ctx_idx": 0, "jsNodeId": "3_7-0", "clerp": "", "influence": 0.4,
         "activation": 2.5},
        {"node_id": "0_2_1", "feature": -1, "layer": "2", "ctx_idx": 1,
         "feature_type": "mlp reconstruction error", "token_prob": 0.0, "is_target_logit": false,
         "run_idx": 0, "reverse_ctx_idx": 0, "jsNodeId": "2_1-0", "clerp": "", "influence": 0.7,
         "activation": null},
        {"node_id": "E_2_0", "feature": 0, "layer": "E", "ctx_idx": 0, "feature_type": "embedding",
         "jsNodeId": "E_2-0", "clerp": "", "influence": 0.9, "activation": null},
        {"node_id": "E_651_1", "feature": 1, "layer": "E", "ctx_idx": 1,
         "feature_type": "embedding", "jsNodeId": "E_651-1", "clerp": "", "influence": 0.8},
        {"node_id": "27_9_1", "feature": 9, "layer": "27", "ctx_idx": 1, "feature_type": "logit",
         "token_prob": 0.25, "is_target_logit": true, "jsNodeId": "L_9-1",
         "clerp": "Output \\"x\\" (p=0.250)", "influence": null}],
       "links": [{"source": "E_651_1", "target": "3_7_1", "weight": 1.5},
                 {"source": "3_7_1", "target": "27_9_1", "weight": -0.5}]}
      """;

  @TempDir private Path folder = Path.of("");

  private GraphFile read(String content) throws IOException {
    return GraphFile.read(Files.writeString(folder.resolve("graph.json"), content));
  }

  @Test
  void aFileOfCircuitTracerIsRead() throws IOException {
    GraphFile file = read(OF_CIRCUIT_TRACER);

    assertEquals(
        List.of(
            new GraphNode.Latent(3, 1, 7, 2.5),
            new GraphNode.ReconstructionError(2, 1),
            new GraphNode.Token(0, 2),
            new GraphNode.Token(1, 651),
            new GraphNode.Logit(1, 9, 0.25)),
        file.graph().nodes().stream().map(PrunedGraph.Node::node).toList());
    assertEquals(
        List.of(new PrunedGraph.Edge(3, 0, 1.5), new PrunedGraph.Edge(0, 4, -0.5)),
        file.graph().edges());
    assertEquals(List.of("3_7_1"), file.view().pinned());
    assertEquals(
        List.of(new GraphFile.Group("both", List.of("3_7_1", "E_651_1"))), file.view().groups());
    assertArrayEquals(new int[] {2, 651}, file.ids());
    assertEquals("gemma-2-2b", file.source().model());
  }

  @Test
  void whatIsWrittenIsCircuitTracersAndReadAgain() throws IOException {
    GraphFile file = read(OF_CIRCUIT_TRACER);
    Path again = folder.resolve("again.json");
    file.write(again, 26);
    JsonNode expected = Json.tree(folder.resolve("graph.json"));
    JsonNode found = Json.tree(again);

    assertEquals(file, GraphFile.read(again));
    assertEquals(expected.at("/links"), found.at("/links"));
    assertEquals(expected.at("/qParams"), found.at("/qParams"));
    assertEquals(expected.at("/nodes/0"), found.at("/nodes/0"));
    for (String field : List.of("node_id", "feature", "layer", "ctx_idx", "jsNodeId", "clerp")) {
      for (int node = 0; node < 5; node++) {
        assertEquals(
            expected.at("/nodes/" + node + "/" + field), found.at("/nodes/" + node + "/" + field));
      }
    }
    assertEquals(1, found.at("/metadata/schema_version").intValue());
  }

  @Test
  void anErrorAndALatentOfLayer0HaveIdsOfTheirOwn() {
    PrunedGraph graph =
        new PrunedGraph(
            List.of(
                new PrunedGraph.Node(new GraphNode.Latent(0, 2, 1, 1), 1),
                new PrunedGraph.Node(new GraphNode.ReconstructionError(1, 2), 1),
                new PrunedGraph.Node(new GraphNode.ReconstructionError(1, 3), 1)),
            List.of());

    assertEquals(List.of("0_1_2", "error_0_1_2", "0_1_3"), GraphFile.ids(graph, 4));
  }

  @Test
  void thresholdsAndFiguresAreWritten() {
    PrunedGraph graph =
        new PrunedGraph(
            List.of(new PrunedGraph.Node(new GraphNode.Logit(0, 5, 0.5), 1)), List.of());
    GraphFile.Source source =
        new GraphFile.Source(
            "s",
            "m",
            List.of(),
            "a",
            List.of("a"),
            Map.of("replacement_score", 0.5),
            Optional.of(GraphPruning.defaults()));
    JsonNode written = Json.node(GraphFile.of(source, graph, id -> "t" + id).fields(4));

    assertEquals("Output \"t5\" (p=0.500)", written.at("/nodes/0/clerp").stringValue());
    assertEquals(0.8, written.at("/metadata/node_threshold").doubleValue());
    assertEquals(0.5, written.at("/metadata/generation_settings/replacement_score").doubleValue());
  }

  @Test
  void badFilesAreOneLine() {
    assertRefused(
        "\"schema_version\": 1", "\"schema_version\": 2", "schema_version is 2; expected");
    assertRefused("cross layer transcoder", "lorsa", "nodes[0].feature_type is \"lorsa\"");
    assertRefused("\"source\": \"3_7_1\"", "\"source\": \"3_7_9\"", "links[1].source is \"3_7_9\"");
    assertRefused(
        "\"0_2_1\"", "\"3_7_1\"", "nodes[1].node_id is \"3_7_1\"; expected an id of its own");
    assertRefused("\"E_2_0\"", "\"2_0\"", "nodes[2].node_id is \"2_0\"; expected E_ID_POSITION");
    assertRefused("\"links\"", "\"edges\"", "links is missing");
  }

  private void assertRefused(String from, String to, String expected) {
    String message =
        Refusal.of(FormatException.class, () -> read(OF_CIRCUIT_TRACER.replaceFirst(from, to)));
    assertTrue(message.contains(expected), message);
  }
}
