package mechinterp.circuits.graph;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;

/**
 * A pruned graph in the JSON of circuit-tracer 0.5 (its {@code Model}, schema version 1), which its
 * frontend and Neuronpedia show.
 *
 * @param source of what model, prompt and transcoders it is
 * @param graph nodes and edges
 * @param labels what people call each node, in their order; empty for no name
 * @param view what a page shows of it
 */
public record GraphFile(Source source, PrunedGraph graph, List<String> labels, View view) {
  private static final int VERSION = 1;
  private static final String LATENT = "cross layer transcoder";
  private static final String ERROR = "mlp reconstruction error";
  private static final String TOKEN = "embedding";
  private static final String LOGIT = "logit";
  private static final Pattern ID = Pattern.compile("(E|\\d{1,9})_(\\d{1,9})_(\\d{1,9})");

  /** Keeps the labels. */
  public GraphFile {
    labels = List.copyOf(labels);
  }

  /**
   * What a graph is of.
   *
   * @param slug its name
   * @param model the model's name
   * @param transcoders where they are; may be empty
   * @param prompt the text
   * @param tokens the prompt's tokens as text
   * @param settings how it was made and what was measured, by names of one's own
   * @param pruning how it was pruned, where that is known
   */
  public record Source(
      String slug,
      String model,
      List<String> transcoders,
      String prompt,
      List<String> tokens,
      Map<String, Number> settings,
      Optional<GraphPruning> pruning) {
    /** Keeps the lists. */
    public Source {
      transcoders = List.copyOf(transcoders);
      tokens = List.copyOf(tokens);
      settings = new LinkedHashMap<>(settings);
    }

    @Override
    public Map<String, Number> settings() {
      return new LinkedHashMap<>(settings);
    }
  }

  /**
   * What a page shows.
   *
   * @param pinned ids of nodes
   * @param groups supernodes
   */
  public record View(List<String> pinned, List<Group> groups) {
    /** Keeps the lists. */
    public View {
      pinned = List.copyOf(pinned);
      groups = List.copyOf(groups);
    }

    /** Returns a view with nothing pinned. */
    public static View empty() {
      return new View(List.of(), List.of());
    }
  }

  /**
   * Nodes that belong together.
   *
   * @param name what people call it
   * @param ids of its nodes
   */
  public record Group(String name, List<String> ids) {
    /** Keeps the list. */
    public Group {
      ids = List.copyOf(ids);
    }
  }

  /**
   * Returns a graph without names.
   *
   * @param ofToken a token of the vocabulary as text, for the names of logits
   */
  public static GraphFile of(Source source, PrunedGraph graph, IntFunction<String> ofToken) {
    List<String> labels =
        graph.nodes().stream()
            .map(node ->
                node.node() instanceof GraphNode.Logit logit
                    ? String.format(
                        Locale.ROOT,
                        "Output \"%s\" (p=%.3f)",
                        ofToken.apply(logit.id()),
                        logit.probability())
                    : "")
            .toList();
    return new GraphFile(source, graph, labels, View.empty());
  }

  /**
   * Returns the ids of the prompt's tokens.
   *
   * @throws IllegalArgumentException when not every token of the prompt has a node
   */
  public int[] ids() {
    Map<Integer, Integer> byPosition = new HashMap<>();
    graph
        .nodes()
        .forEach(node -> {
          if (node.node() instanceof GraphNode.Token token) {
            byPosition.put(token.position(), token.id());
          }
        });
    int[] ids = new int[source.tokens().size()];
    for (int position = 0; position < ids.length; position++) {
      Integer id = byPosition.get(position);
      if (id == null) {
        throw new IllegalArgumentException(
            "graph %s: token %d of the prompt has no node; all tokens must have one"
                .formatted(source.slug(), position));
      }
      ids[position] = id;
    }
    return ids;
  }

  // ------------------------------------------------------------------ names of nodes

  /**
   * Returns the id of each node: {@code LAYER_LATENT_POSITION}, {@code 0_LAYER_POSITION} of errors,
   * {@code E_ID_POSITION} of tokens, {@code (LAYERS + 1)_ID_POSITION} of logits. An error whose id
   * a latent of layer 0 has already gets {@code error_} before it: circuit-tracer gives both the
   * same one.
   *
   * @param layers of the model
   */
  public static List<String> ids(PrunedGraph graph, int layers) {
    Set<String> latents = new HashSet<>();
    List<String> ids = new ArrayList<>();
    for (PrunedGraph.Node node : graph.nodes()) {
      String id = id(node.node(), layers);
      if (node.node() instanceof GraphNode.Latent) {
        latents.add(id);
      }
      ids.add(
          node.node() instanceof GraphNode.ReconstructionError && latents.contains(id)
              ? "error_" + id
              : id);
    }
    return ids;
  }

  private static String id(GraphNode node, int layers) {
    return switch (node) {
      case GraphNode.Latent latent ->
          "%d_%d_%d".formatted(latent.layer(), latent.latent(), latent.position());
      case GraphNode.ReconstructionError error ->
          "0_%d_%d".formatted(error.layer(), error.position());
      case GraphNode.Token token -> "E_%d_%d".formatted(token.id(), token.position());
      case GraphNode.Logit logit -> "%d_%d_%d".formatted(layers + 1, logit.id(), logit.position());
    };
  }

  // ------------------------------------------------------------------ writing

  /**
   * Writes a file; it appears whole or not at all.
   *
   * @param layers of the model
   * @throws IOException when the disk is full or refuses
   */
  public void write(Path file, int layers) throws IOException {
    Json.write(file, fields(layers));
  }

  /** Returns what a file holds. */
  public Map<String, Object> fields(int layers) {
    List<String> ids = ids(graph, layers);
    List<Object> nodes = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      nodes.add(node(i, ids.get(i), layers));
    }
    List<Object> links =
        graph.edges().stream()
            .<Object>map(edge ->
                ordered(
                    "source", ids.get(edge.source()),
                    "target", ids.get(edge.target()),
                    "weight", edge.weight()))
            .toList();
    return ordered("metadata", metadata(), "qParams", viewFields(), "nodes", nodes, "links", links);
  }

  private Map<String, Object> metadata() {
    Map<String, Object> metadata =
        ordered(
            "slug", source.slug(),
            "scan", source.model(),
            "transcoder_list", source.transcoders(),
            "prompt_tokens", source.tokens(),
            "prompt", source.prompt());
    source.pruning().ifPresent(pruning -> metadata.put("node_threshold", pruning.nodeThreshold()));
    metadata.put("schema_version", VERSION);
    metadata.put("info", ordered("generator", ordered("name", "mechinterp")));
    metadata.put("generation_settings", source.settings());
    source
        .pruning()
        .ifPresent(pruning ->
            metadata.put(
                "pruning_settings",
                ordered(
                    "node_threshold", pruning.nodeThreshold(),
                    "edge_threshold", pruning.edgeThreshold())));
    return metadata;
  }

  private Map<String, Object> viewFields() {
    List<Object> groups = new ArrayList<>();
    for (Group group : view.groups()) {
      List<String> named = new ArrayList<>(List.of(group.name()));
      named.addAll(group.ids());
      groups.add(named);
    }
    return ordered(
        "pinnedIds", view.pinned(),
        "supernodes", groups,
        "linkType", "both",
        "clickedId", "",
        "sg_pos", "");
  }

  private Map<String, Object> node(int number, String id, int layers) {
    PrunedGraph.Node pruned = graph.nodes().get(number);
    GraphNode node = pruned.node();
    Map<String, Object> fields =
        switch (node) {
          case GraphNode.Latent latent ->
              node(id, pair(latent.layer(), latent.latent()), latent.layer(), node, LATENT);
          case GraphNode.ReconstructionError error -> node(id, -1, error.layer(), node, ERROR);
          case GraphNode.Token _ -> node(id, node.position(), "E", node, TOKEN);
          case GraphNode.Logit logit -> node(id, logit.id(), layers + 1, node, LOGIT);
        };
    fields.put("token_prob", node instanceof GraphNode.Logit logit ? logit.probability() : 0.0);
    fields.put("is_target_logit", number == firstLogit());
    fields.put("run_idx", 0);
    fields.put("reverse_ctx_idx", 0);
    fields.put("jsNodeId", scriptId(node));
    fields.put("clerp", labels.get(number));
    if (!(node instanceof GraphNode.Logit)) {
      fields.put("influence", pruned.influence());
    }
    if (node instanceof GraphNode.Latent latent) {
      fields.put("activation", latent.activation());
    }
    return fields;
  }

  private int firstLogit() {
    for (int i = 0; i < graph.nodes().size(); i++) {
      if (graph.nodes().get(i).node() instanceof GraphNode.Logit) {
        return i;
      }
    }
    return -1;
  }

  /** The pairing of Cantor, as circuit-tracer numbers latents of all layers. */
  private static long pair(long layer, long latent) {
    return (layer + latent) * (layer + latent + 1) / 2 + latent;
  }

  private static String scriptId(GraphNode node) {
    return switch (node) {
      case GraphNode.Latent latent -> "%d_%d-0".formatted(latent.layer(), latent.latent());
      case GraphNode.ReconstructionError error ->
          "%d_%d-0".formatted(error.layer(), error.position());
      case GraphNode.Token token -> "E_%d-%d".formatted(token.id(), token.position());
      case GraphNode.Logit logit -> "L_%d-%d".formatted(logit.id(), logit.position());
    };
  }

  private static Map<String, Object> node(
      String id, long feature, Object layer, GraphNode node, String type) {
    return ordered(
        "node_id", id,
        "feature", feature,
        "layer", String.valueOf(layer),
        "ctx_idx", node.position(),
        "feature_type", type);
  }

  private static Map<String, Object> ordered(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return fields;
  }

  // ------------------------------------------------------------------ reading

  /**
   * Reads a file of circuit-tracer's or of ours.
   *
   * @throws FormatException when it is of another version, or holds anything that is no such graph,
   *     naming the field
   * @throws IOException when it cannot be read
   */
  public static GraphFile read(Path file) throws IOException {
    JsonField content = JsonField.read(file);
    JsonField metadata = content.at("metadata");
    JsonField version = metadata.at("schema_version");
    version.require(
        version.isAbsent() || version.count() == VERSION, VERSION + ", the version that is read");
    List<PrunedGraph.Node> nodes = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    Map<String, Integer> numbers = new HashMap<>();
    for (JsonField node : content.at("nodes").items()) {
      String id = node.at("node_id").text();
      node.at("node_id").require(numbers.put(id, nodes.size()) == null, "an id of its own");
      nodes.add(new PrunedGraph.Node(readNode(node), node.at("influence").number(0)));
      labels.add(node.at("clerp").isAbsent() ? "" : node.at("clerp").text());
    }
    List<PrunedGraph.Edge> edges = new ArrayList<>();
    for (JsonField link : content.at("links").items()) {
      edges.add(
          new PrunedGraph.Edge(
              number(link.at("source"), numbers),
              number(link.at("target"), numbers),
              link.at("weight").number()));
    }
    return new GraphFile(
        readSource(metadata),
        new PrunedGraph(nodes, edges),
        labels,
        readView(content.at("qParams")));
  }

  private static int number(JsonField id, Map<String, Integer> numbers) throws FormatException {
    Integer number = numbers.get(id.text());
    id.require(number != null, "the node_id of a node");
    return number == null ? -1 : number;
  }

  private static Source readSource(JsonField metadata) throws FormatException {
    return new Source(
        metadata.at("slug").text(),
        metadata.at("scan").text(),
        texts(metadata.at("transcoder_list")),
        metadata.at("prompt").text(),
        texts(metadata.at("prompt_tokens")),
        Map.of(),
        Optional.empty());
  }

  private static List<String> texts(JsonField list) throws FormatException {
    List<String> texts = new ArrayList<>();
    if (list.isPresent()) {
      for (JsonField item : list.items()) {
        texts.add(item.text());
      }
    }
    return texts;
  }

  private static View readView(JsonField view) throws FormatException {
    List<Group> groups = new ArrayList<>();
    if (view.at("supernodes").isPresent()) {
      for (JsonField group : view.at("supernodes").items()) {
        List<String> named = texts(group);
        group.require(named.size() > 1, "a name and the ids of nodes");
        groups.add(new Group(named.getFirst(), named.subList(1, named.size())));
      }
    }
    return new View(texts(view.at("pinnedIds")), groups);
  }

  private static GraphNode readNode(JsonField node) throws FormatException {
    JsonField type = node.at("feature_type");
    int position = node.at("ctx_idx").count();
    return switch (type.text()) {
      case LATENT -> {
        Matcher id = id(node);
        yield new GraphNode.Latent(
            Integer.parseInt(id.group(1)),
            position,
            Integer.parseInt(id.group(2)),
            node.at("activation").number(0));
      }
      case ERROR -> new GraphNode.ReconstructionError(layer(node), position);
      case TOKEN -> new GraphNode.Token(position, Integer.parseInt(id(node).group(2)));
      case LOGIT ->
          new GraphNode.Logit(
              position, Integer.parseInt(id(node).group(2)), node.at("token_prob").number(0));
      default ->
          throw type.failure(
              "one of \"%s\", \"%s\", \"%s\", \"%s\"".formatted(LATENT, ERROR, TOKEN, LOGIT));
    };
  }

  private static Matcher id(JsonField node) throws FormatException {
    JsonField id = node.at("node_id");
    Matcher parts = ID.matcher(id.text());
    boolean isOfToken = node.at("feature_type").text().equals(TOKEN);
    id.require(
        parts.matches() && parts.group(1).equals("E") == isOfToken,
        isOfToken ? "E_ID_POSITION" : "LAYER_NUMBER_POSITION");
    return parts;
  }

  private static int layer(JsonField node) throws FormatException {
    JsonField layer = node.at("layer");
    boolean isText = layer.node().isString() && layer.text().matches("\\d{1,9}");
    return isText ? Integer.parseInt(layer.text()) : layer.count();
  }
}
