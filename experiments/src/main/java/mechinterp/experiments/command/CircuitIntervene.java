package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.circuits.graph.AttributionGraph;
import mechinterp.circuits.graph.Freedom;
import mechinterp.circuits.graph.GraphFile;
import mechinterp.circuits.graph.GraphInterventions;
import mechinterp.circuits.graph.GraphNode;
import mechinterp.circuits.graph.LocalReplacementModel;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.io.Json;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit intervene}. */
@Command(
    name = "intervene",
    description = {
      "Test an attribution graph: scale or ablate its latents, and compare the change of later"
          + " latents and of logits with what the graph predicts."
    })
public final class CircuitIntervene implements Callable<Integer> {
  private static final int GROUPS = 10;

  @Mixin private ModelOptions modelOptions;
  @Mixin private GraphOptions options;

  @Option(
      names = "--graph",
      required = true,
      paramLabel = "F",
      description = "Graph that circuit graph wrote, or circuit-tracer, of this model.")
  private Path file;

  @ArgGroup private Chosen chosen = new Chosen();

  @Option(
      names = "--scale",
      paramLabel = "X",
      description = "What activations are multiplied with; 0 ablates. Default: ${DEFAULT-VALUE}.")
  private double factor = 0;

  @Option(names = "--out", paramLabel = "R", description = "JSON file to write.")
  private Optional<Path> out = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is changed. */
  static final class Chosen {
    @Option(
        names = "--nodes",
        paramLabel = "ID",
        split = ",",
        description =
            "Latents to change together, LAYER_LATENT_POSITION each. Default: the 10 latents of the"
                + " graph with most influence, one after the other.")
    private List<String> nodes = List.of();

    @Option(
        names = "--group",
        paramLabel = "NAME",
        description = "Supernode of the file to change.")
    private Optional<String> group = Optional.empty();
  }

  /**
   * What is printed.
   *
   * @param scale what activations were multiplied with
   * @param freedoms agreement over all groups together
   * @param groups each by itself
   */
  record Result(
      String graph, String model, double scale, List<Agreement> freedoms, List<Group> groups) {}

  /**
   * How well changes are predicted.
   *
   * @param freedom what may answer to the change
   * @param targets how many latents and logits are compared
   * @param latents correlation over later latents; missing where fewer than two changed
   * @param logits over logits
   * @param sameSign share of the targets that changed whose direction is predicted
   */
  record Agreement(
      Freedom freedom,
      int targets,
      Optional<Double> latents,
      Optional<Double> logits,
      double sameSign) {}

  /**
   * A group.
   *
   * @param logit change of the likeliest token's logit
   */
  record Group(String name, List<Agreement> freedoms, List<LogitChange> logit) {
    LogitChange change(Freedom freedom) {
      return logit.stream().filter(each -> each.freedom() == freedom).findFirst().orElseThrow();
    }
  }

  /** The change of the likeliest token's logit. */
  record LogitChange(Freedom freedom, double predicted, double real) {}

  @Override
  public Integer call() throws IOException {
    GraphFile read = GraphFile.read(file);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      LocalReplacementModel local =
          new LocalReplacementModel(model, options.load(model, output).set(), read.ids());
      try (AttributionGraph graph = options.build(local, output)) {
        Result result = new Tests(local, graph).of(read);
        if (out.isPresent()) {
          Json.write(out.get(), result);
        }
        output.print(result, text(result));
      }
    }
    return 0;
  }

  /** Latents with a name. */
  private record Named(String name, Set<Integer> nodes) {}

  /** Tests of one graph. */
  private final class Tests {
    private final AttributionGraph graph;
    private final GraphInterventions interventions;
    private final String model;

    Tests(LocalReplacementModel local, AttributionGraph graph) {
      this.graph = graph;
      this.interventions = new GraphInterventions(local, graph);
      this.model = local.model().identity();
    }

    Result of(GraphFile read) {
      Map<Freedom, List<GraphInterventions.Outcome>> all = new EnumMap<>(Freedom.class);
      List<Group> groups = new ArrayList<>();
      for (Named named : groups(read)) {
        List<Agreement> agreements = new ArrayList<>();
        List<LogitChange> logit = new ArrayList<>();
        for (Freedom freedom : Freedom.values()) {
          GraphInterventions.Outcome outcome = interventions.scale(named.nodes(), factor, freedom);
          all.computeIfAbsent(freedom, _ -> new ArrayList<>()).add(outcome);
          agreements.add(agreement(freedom, List.of(outcome)));
          logit.add(logit(freedom, outcome));
        }
        groups.add(new Group(named.name(), agreements, logit));
      }
      List<Agreement> together = new ArrayList<>();
      all.forEach((freedom, outcomes) -> together.add(agreement(freedom, outcomes)));
      return new Result(file.toString(), model, factor, together, groups);
    }

    private List<Named> groups(GraphFile read) {
      if (!chosen.nodes.isEmpty()) {
        return List.of(new Named(String.join(" ", chosen.nodes), numbers(chosen.nodes)));
      }
      if (chosen.group.isPresent()) {
        String name = chosen.group.get();
        return List.of(
            new Named(
                name,
                numbers(
                    read.view().groups().stream()
                        .filter(group -> group.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> noGroup(read, name))
                        .ids())));
      }
      return strongest(read);
    }

    private static IllegalArgumentException noGroup(GraphFile read, String name) {
      return new IllegalArgumentException(
          "--group: %s is not there; the graph has %s"
              .formatted(name, read.view().groups().stream().map(GraphFile.Group::name).toList()));
    }

    private List<Named> strongest(GraphFile read) {
      Set<GraphNode> inFile = new LinkedHashSet<>();
      read.graph().nodes().stream()
          .filter(node -> node.node() instanceof GraphNode.Latent)
          .forEach(node -> inFile.add(place(node.node())));
      double[] influence = graph.influence();
      return IntStream.range(0, graph.latents())
          .boxed()
          .filter(node -> inFile.contains(place(graph.nodes().get(node))))
          .sorted(Comparator.comparingDouble((Integer node) -> -influence[node]))
          .limit(GROUPS)
          .map(node -> new Named(id(graph.nodes().get(node)), Set.of(node)))
          .toList();
    }

    /** A latent whatever its activation is. */
    private static GraphNode place(GraphNode node) {
      return node instanceof GraphNode.Latent latent
          ? new GraphNode.Latent(latent.layer(), latent.position(), latent.latent(), 0)
          : node;
    }

    private static String id(GraphNode node) {
      return node instanceof GraphNode.Latent latent
          ? "%d_%d_%d".formatted(latent.layer(), latent.latent(), latent.position())
          : node.toString();
    }

    private Set<Integer> numbers(List<String> ids) {
      Set<Integer> numbers = new LinkedHashSet<>();
      for (String wanted : ids) {
        numbers.add(
            IntStream.range(0, graph.latents())
                .filter(node -> id(graph.nodes().get(node)).equals(wanted))
                .findFirst()
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "node: %s is no latent of the graph; expected LAYER_LATENT_POSITION of one that is active on the prompt"
                            .formatted(wanted))));
      }
      return numbers;
    }

    private LogitChange logit(Freedom freedom, GraphInterventions.Outcome outcome) {
      GraphInterventions.Change first =
          outcome.changes().stream().filter(this::isLogit).findFirst().orElseThrow();
      return new LogitChange(freedom, first.predicted(), first.real());
    }

    private boolean isLogit(GraphInterventions.Change change) {
      return graph.nodes().get(change.node()) instanceof GraphNode.Logit;
    }

    private Agreement agreement(Freedom freedom, List<GraphInterventions.Outcome> outcomes) {
      int targets = outcomes.stream().mapToInt(outcome -> outcome.changes().size()).sum();
      double same =
          outcomes.stream()
              .mapToDouble(outcome -> outcome.sameSign() * outcome.changes().size())
              .sum();
      return new Agreement(
          freedom,
          targets,
          correlation(outcomes, false),
          correlation(outcomes, true),
          same / targets);
    }

    private Optional<Double> correlation(
        List<GraphInterventions.Outcome> outcomes, boolean ofLogits) {
      List<GraphInterventions.Change> changes =
          outcomes.stream()
              .flatMap(outcome -> outcome.changes().stream())
              .filter(change -> isLogit(change) == ofLogits)
              .toList();
      if (changes.size() < 2) {
        return Optional.empty();
      }
      double pearson = new GraphInterventions.Outcome(changes).agreement().pearson();
      return Double.isFinite(pearson) ? Optional.of(pearson) : Optional.empty();
    }
  }

  private static String text(Result result) {
    TextTable table = new TextTable("may change", "targets", "latents", "logits", "same sign");
    for (Agreement agreement : result.freedoms()) {
      table.row(
          CircuitOptions.label(agreement.freedom()),
          String.valueOf(agreement.targets()),
          agreement.latents().map(CircuitIntervene::number).orElse("-"),
          agreement.logits().map(CircuitIntervene::number).orElse("-"),
          String.format(Locale.ROOT, "%.1f %%", 100 * agreement.sameSign()));
    }
    TextTable groups =
        new TextTable("changed", "predicted", "replacement", "model", "model_and_attention");
    for (Group group : result.groups()) {
      groups.row(
          group.name(),
          number(group.change(Freedom.MODEL).predicted()),
          number(group.change(Freedom.REPLACEMENT).real()),
          number(group.change(Freedom.MODEL).real()),
          number(group.change(Freedom.MODEL_AND_ATTENTION).real()));
    }
    return String.format(
        Locale.ROOT,
        "%s: %d groups of latents times %s; correlation of predicted and real change%n%n%s%n"
            + "change of the likeliest token's logit%n%n%s",
        result.graph(),
        result.groups().size(),
        result.scale(),
        table,
        groups);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
