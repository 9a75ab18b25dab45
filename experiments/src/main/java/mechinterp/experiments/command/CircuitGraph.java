package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.circuits.graph.AttributionGraph;
import mechinterp.circuits.graph.GraphFile;
import mechinterp.circuits.graph.GraphNode;
import mechinterp.circuits.graph.GraphPruning;
import mechinterp.circuits.graph.GraphSettings;
import mechinterp.circuits.graph.LocalReplacementModel;
import mechinterp.circuits.graph.PrunedGraph;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.dashboard.GraphPage;
import mechinterp.experiments.report.TokenText;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.TranscoderFolders;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.SpecialTokens;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit graph}. */
@Command(
    name = "graph",
    description = {
      "Make the attribution graph of a prompt: which tokens, latents and errors made the model"
          + " predict what it does.",
      "F is JSON as circuit-tracer's, for its frontend and Neuronpedia."
    })
public final class CircuitGraph implements Callable<Integer> {
  private static final int SHOWN = 12;

  @Mixin private ModelOptions modelOptions;
  @Mixin private GraphOptions options;

  @ArgGroup(multiplicity = "1")
  private Prompt prompt;

  @Option(
      names = "--node-threshold",
      paramLabel = "P",
      description = "Share of the influence that nodes keep. Default: ${DEFAULT-VALUE}.")
  private double nodeThreshold = GraphPruning.defaults().nodeThreshold();

  @Option(
      names = "--edge-threshold",
      paramLabel = "P",
      description = "Share of the influence that edges keep. Default: ${DEFAULT-VALUE}.")
  private double edgeThreshold = GraphPruning.defaults().edgeThreshold();

  @Option(
      names = "--page",
      paramLabel = "DIR",
      description = "Also write a page to look at it, which opens from disk.")
  private Optional<Path> page = Optional.empty();

  @Option(
      names = "--contexts",
      paramLabel = "FILE",
      description = "Text, a document a line, from which the page shows where latents are active.")
  private Optional<Path> contexts = Optional.empty();

  @Option(
      names = "--context-tokens",
      paramLabel = "N",
      description = "Most tokens of that text. Default: ${DEFAULT-VALUE}.")
  private int contextTokens = 20_000;

  @Option(names = "--out", required = true, paramLabel = "F", description = "JSON file to write.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What the model reads. */
  static final class Prompt {
    @Option(
        names = "--prompt",
        required = true,
        paramLabel = "T",
        description = "Text, begun with the begin-of-text token if there is one.")
    private Optional<String> text = Optional.empty();

    @Option(
        names = "--ids",
        required = true,
        paramLabel = "1,2,3",
        split = ",",
        description = "Ids of tokens, nothing added.")
    private int[] ids = {};

    int[] ids(Transformer model) {
      int[] found =
          text.map(given -> model.tokenizer().encodeFromBos(given, Integer.MAX_VALUE))
              .orElseGet(ids::clone);
      PromptOptions.check(text.isPresent() ? "--prompt" : "--ids", found, model.config());
      return found;
    }
  }

  /**
   * What is printed.
   *
   * @param activeLatents latents that are active on the prompt
   * @param graphLatents those in the graph before it was pruned
   * @param nodes left after pruning
   * @param logitDifference largest difference between a logit of the replacement model and the
   *     model's
   * @param identityError how far inputs and bias are from adding up to targets
   * @param logits the predicted tokens
   * @param latents the strongest by influence
   */
  record Result(
      String out,
      String model,
      List<String> tokens,
      int activeLatents,
      int graphLatents,
      int nodes,
      int latentNodes,
      int errorNodes,
      int edges,
      double replacementScore,
      double completenessScore,
      double logitDifference,
      double identityError,
      List<PredictedToken> logits,
      List<StrongLatent> latents) {}

  /** A predicted token. */
  record PredictedToken(String token, double probability) {}

  /**
   * A latent with much influence.
   *
   * @param id as in the file
   * @param token of the prompt
   * @param influence sum over all paths to the logits
   * @param effect direct, on the likeliest token's logit
   */
  record StrongLatent(
      String id, String token, double activation, double influence, double effect) {}

  @Override
  public Integer call() throws IOException {
    GraphPruning pruning = new GraphPruning(nodeThreshold, edgeThreshold);
    GraphSettings settings = options.settings();
    if (page.isPresent()) {
      RunFiles.requireFree(page.get());
    }
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      TranscoderFolders.Loaded transcoders = options.load(model, output);
      LocalReplacementModel local =
          new LocalReplacementModel(model, transcoders.set(), prompt.ids(model));
      try (AttributionGraph graph = options.build(local, output)) {
        PrunedGraph pruned = pruning.prune(graph);
        Result result = result(local, graph, pruned);
        GraphFile file = file(local, pruned, pruning, settings, result);
        file.write(out, model.config().nLayers());
        writePage(file, model, transcoders);
        output.print(result, text(result));
      }
    }
    return 0;
  }

  private void writePage(GraphFile file, Transformer model, TranscoderFolders.Loaded transcoders)
      throws IOException {
    if (page.isPresent()) {
      GraphPage pages = new GraphPage(file, model, transcoders.shown());
      pages.write(page.get(), contexts, contextTokens, output.progress());
    }
  }

  private static List<String> tokens(LocalReplacementModel local) {
    return IntStream.of(local.ids())
        .mapToObj(id -> local.model().tokenizer().decode(new int[] {id}, SpecialTokens.KEEP))
        .toList();
  }

  private Result result(LocalReplacementModel local, AttributionGraph graph, PrunedGraph pruned) {
    AttributionGraph.Scores scores = graph.scores();
    return new Result(
        out.toString(),
        local.model().identity(),
        tokens(local),
        local.activeLatents(),
        graph.latents(),
        pruned.nodes().size(),
        (int) pruned.count(GraphNode.Latent.class),
        (int) pruned.count(GraphNode.ReconstructionError.class),
        pruned.edges().size(),
        scores.replacement(),
        scores.completeness(),
        local.largestLogitDifference(),
        graph.identityError(),
        graph.nodes().stream()
            .filter(GraphNode.Logit.class::isInstance)
            .map(GraphNode.Logit.class::cast)
            .map(logit ->
                new PredictedToken(
                    TokenText.of(local.model().tokenizer(), logit.id()), logit.probability()))
            .toList(),
        strongest(local, graph));
  }

  private static List<StrongLatent> strongest(LocalReplacementModel local, AttributionGraph graph) {
    double[] influence = graph.influence();
    int[] ids = local.ids();
    int likeliest =
        IntStream.range(0, graph.nodes().size())
            .filter(node -> graph.nodes().get(node) instanceof GraphNode.Logit)
            .findFirst()
            .orElseThrow();
    float[] effects = graph.inputs(likeliest);
    List<StrongLatent> strongest = new ArrayList<>();
    IntStream.range(0, graph.latents())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer node) -> -influence[node]))
        .limit(SHOWN)
        .forEach(node -> {
          GraphNode.Latent latent = (GraphNode.Latent) graph.nodes().get(node);
          strongest.add(
              new StrongLatent(
                  "%d_%d_%d".formatted(latent.layer(), latent.latent(), latent.position()),
                  TokenText.of(local.model().tokenizer(), ids[latent.position()]),
                  latent.activation(),
                  influence[node],
                  effects[node]));
        });
    return strongest;
  }

  private GraphFile file(
      LocalReplacementModel local,
      PrunedGraph pruned,
      GraphPruning pruning,
      GraphSettings settings,
      Result result) {
    Map<String, Number> figures = new LinkedHashMap<>();
    figures.put("max_n_logits", settings.maxLogits());
    figures.put("desired_logit_prob", settings.logitMass());
    figures.put("max_feature_nodes", settings.maxNodes());
    figures.put("active_features", result.activeLatents());
    figures.put("replacement_score", result.replacementScore());
    figures.put("completeness_score", result.completenessScore());
    String name = String.valueOf(out.getFileName());
    GraphFile.Source source =
        new GraphFile.Source(
            name.endsWith(".json") ? name.substring(0, name.length() - ".json".length()) : name,
            local.model().config().name(),
            options.names(),
            String.join("", result.tokens()),
            result.tokens(),
            figures,
            Optional.of(pruning));
    return GraphFile.of(source, pruned, id -> TokenText.of(local.model().tokenizer(), id));
  }

  private String text(Result result) {
    TextTable logits = new TextTable("next token", "probability");
    result.logits().forEach(logit -> logits.row(logit.token(), number(logit.probability())));
    TextTable latents =
        new TextTable("latent", "token", "activation", "influence", "on the first logit");
    result
        .latents()
        .forEach(latent ->
            latents.row(
                latent.id(),
                latent.token(),
                number(latent.activation()),
                number(latent.influence()),
                number(latent.effect())));
    return String.format(
        Locale.ROOT,
        "%s: %,d of %,d active latents in the graph; pruned to %,d nodes (%,d latents, %,d errors)"
            + " and %,d edges%nreplacement score %.3f, completeness score %.3f%nrounding: logits of"
            + " the replacement model %.1e, inputs and bias of targets %.1e%n%n%s%n%s%s",
        result.out(),
        result.graphLatents(),
        result.activeLatents(),
        result.nodes(),
        result.latentNodes(),
        result.errorNodes(),
        result.edges(),
        result.replacementScore(),
        result.completenessScore(),
        result.logitDifference(),
        result.identityError(),
        logits,
        latents,
        page.map(folder ->
                String.format(
                    Locale.ROOT, "%nopen %s%n", folder.resolve("index.html").toAbsolutePath()))
            .orElse(""));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
