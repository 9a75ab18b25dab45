package mechinterp.experiments.command;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import mechinterp.circuits.Attribution;
import mechinterp.circuits.CircuitEdge;
import mechinterp.circuits.CircuitFidelity;
import mechinterp.circuits.CircuitSettings;
import mechinterp.circuits.CircuitTask;
import mechinterp.circuits.EdgeAttribution;
import mechinterp.circuits.EdgeGraph;
import mechinterp.circuits.EdgePatching;
import mechinterp.circuits.EdgeSearch;
import mechinterp.circuits.Effects;
import mechinterp.circuits.IntegrationPath;
import mechinterp.circuits.MaskedModel;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.CircuitResult;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit edges}. */
@Command(
    name = "edges",
    description = {
      "Measure what each edge of a model does to a task's metric, estimate it, or search a"
          + " circuit.",
      "F holds edges: a list of name, SENDER->READER, and effect."
    })
public final class CircuitEdges implements Callable<Integer> {
  private static final int MAX_TOKENS = 512;

  /** How effects are found. */
  enum Method {
    /** By a run for each edge and example. */
    EXACT,
    /** By one gradient. */
    EAP,
    /** By integrated gradients. */
    EAP_IG,
    /** By relevance in place of the gradient. */
    RELP,
    /** By relevance with attention patterns held. */
    RELP_AH,
    /** By trying to remove one after the other. */
    ACDC
  }

  @Mixin private ModelOptions modelOptions;
  @Mixin private TaskOptions task;

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      description = "exact, eap, eap-ig, relp, relp-ah or acdc. Default: exact.",
      converter = CircuitMethods.OfEdges.class)
  private Method method = Method.EXACT;

  @Mixin private CircuitOptions options;

  @Option(
      names = "--threshold",
      paramLabel = "X",
      description =
          "acdc removes an edge that changes the metric by less. Default: ${DEFAULT-VALUE}.")
  private double threshold = 0.01;

  @Mixin private CurveOptions curve;
  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  @Override
  public Integer call() throws IOException {
    curve.requireCurve();
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      CircuitTask loaded = task.load(model);
      Finder finder = new Finder(model, loaded, options.settings(MAX_TOKENS));
      CircuitResult result = finder.result();
      curve.draw(result.curve(), "edges");
      options.write(result, output);
    }
    return 0;
  }

  /** One model on one task. */
  private final class Finder {
    private final Transformer model;
    private final CircuitTask loaded;
    private final CircuitSettings settings;
    private final int edges;

    Finder(Transformer model, CircuitTask loaded, CircuitSettings settings) {
      this.model = model;
      this.loaded = loaded;
      this.settings = settings;
      this.edges = EdgeGraph.of(model).edges().size();
    }

    CircuitResult result() {
      CircuitResult.Run run = new CircuitResult.Run(model, loaded, used());
      if (method == Method.ACDC) {
        EdgeSearch.Found found = search();
        return run.ofEdges(found.effects(), Optional.of(found.kept()), curve(found.effects()));
      }
      Effects<CircuitEdge> effects = effects();
      return run.ofEdges(effects, Optional.<Set<CircuitEdge>>empty(), curve(effects));
    }

    private CircuitResult.Settings used() {
      CircuitResult.Settings used =
          options.used(method, Optional.of(integrated()).filter(_ -> method == Method.EAP_IG));
      return method == Method.ACDC ? used.withThreshold(threshold) : used;
    }

    private Attribution.IntegratedGradients integrated() {
      return options.integrated(IntegrationPath.INPUTS);
    }

    private Effects<CircuitEdge> effects() {
      return switch (method) {
        case EXACT -> exact();
        case EAP -> estimated(new Attribution.Gradient());
        case EAP_IG -> estimated(integrated());
        case RELP -> estimated(new Attribution.Relevance(false));
        case RELP_AH -> estimated(new Attribution.Relevance(true));
        case ACDC -> search().effects();
      };
    }

    private Effects<CircuitEdge> exact() {
      long total = (long) edges * loaded.examples().size();
      try (Progress progress = output.progress().start("circuit edges", total, "prompts")) {
        EdgePatching patching = new EdgePatching(model, loaded, settings, progress::update);
        output.progress().note(patching.plan().toString());
        return patching.effects();
      }
    }

    private Effects<CircuitEdge> estimated(Attribution attribution) {
      EdgeAttribution patching = new EdgeAttribution(model, loaded, settings, _ -> {});
      output.progress().note(patching.plan().toString());
      return patching.effects(attribution);
    }

    private EdgeSearch.Found search() {
      EdgeSearch search = new EdgeSearch(new MaskedModel(model, loaded, settings), threshold);
      try (Progress progress = output.progress().start("circuit edges", edges, "edges")) {
        return search.search(progress::update);
      }
    }

    private Optional<CircuitFidelity.Curve> curve(Effects<CircuitEdge> effects) {
      return curve.measure(() -> new MaskedModel(model, loaded, settings), effects, output);
    }
  }
}
