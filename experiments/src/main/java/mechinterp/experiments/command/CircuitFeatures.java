package mechinterp.experiments.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.circuits.Attribution;
import mechinterp.circuits.CircuitFidelity;
import mechinterp.circuits.CircuitTask;
import mechinterp.circuits.Effects;
import mechinterp.circuits.FeatureAttribution;
import mechinterp.circuits.FeatureEdge;
import mechinterp.circuits.FeatureModel;
import mechinterp.circuits.FeatureNode;
import mechinterp.circuits.FeaturePatching;
import mechinterp.circuits.FeatureSettings;
import mechinterp.circuits.FeatureSite;
import mechinterp.circuits.FeatureThresholds;
import mechinterp.circuits.IntegrationPath;
import mechinterp.circuits.PartialFeatures;
import mechinterp.circuits.Replacement;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.CircuitResult;
import mechinterp.experiments.run.SaePlace;
import mechinterp.experiments.run.SaeSource;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit features}. */
@Command(
    name = "features",
    description = {
      "Measure what each latent of autoencoders, and each autoencoder's error, does to a task's"
          + " metric, or estimate it.",
      "F holds nodes: a list of name, HOOK/latent N or HOOK/error, and effect; with --edges also"
          + " edges, SENDER->RECEIVER."
    })
public final class CircuitFeatures implements Callable<Integer> {

  /** How effects are found. */
  enum Method {
    /** By a run for each node and example in which it changes. */
    EXACT,
    /** By one gradient. */
    ATP,
    /** By integrated gradients. */
    ATP_IG,
    /** By relevance in place of gradients. */
    RELP,
    /** By relevance with attention patterns held. */
    RELP_AH
  }

  @Mixin private ModelOptions modelOptions;
  @Mixin private TaskOptions task;

  @Option(
      names = "--sae",
      required = true,
      arity = "1..*",
      paramLabel = "SAE",
      description = {
        SaeOption.DESCRIPTION,
        "One for each hook point, several behind one --sae; the files say which."
      })
  private List<String> saes = List.of();

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      description = "exact, atp, atp-ig, relp or relp-ah. Default: atp-ig.",
      converter = CircuitMethods.OfFeatures.class)
  private Method method = Method.ATP_IG;

  @Mixin private CircuitOptions options;

  @Option(
      names = "--replace",
      paramLabel = "R",
      description =
          "What takes a latent's place: corrupt (its value on the other prompt), zero or mean (over"
              + " the clean prompts). Default: ${DEFAULT-VALUE}.")
  private Replacement replacement = Replacement.CORRUPT;

  @Option(
      names = "--by-position",
      description = "Make each latent at each position a node; prompts must have one length.")
  private boolean byPosition;

  @Option(
      names = "--edges",
      description =
          "Estimate the edges between nodes above the threshold, too; of exact nodes by one"
              + " gradient.")
  private boolean edges;

  @Option(
      names = "--node-threshold",
      paramLabel = "X",
      description = "Least effect of nodes that have edges. Default: ${DEFAULT-VALUE}.")
  private double nodeThreshold = FeatureThresholds.defaults().node();

  @Option(
      names = "--edge-threshold",
      paramLabel = "X",
      description = "Least effect of edges. Default: ${DEFAULT-VALUE}.")
  private double edgeThreshold = FeatureThresholds.defaults().edge();

  @Mixin private CurveOptions curve;
  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  @Override
  public Integer call() throws IOException {
    curve.requireCurve();
    FeatureThresholds thresholds = new FeatureThresholds(nodeThreshold, edgeThreshold);
    FeatureSettings settings = new FeatureSettings(options.settings(), replacement, byPosition);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      FeatureModel features = new FeatureModel(model, sites(model));
      CircuitTask loaded = task.load(model);
      CircuitResult result = new Finder(features, loaded, settings, thresholds).result();
      curve.draw(result.curve(), "latents and errors");
      options.write(result, output);
    }
    return 0;
  }

  private List<FeatureSite> sites(Transformer model) throws IOException {
    List<FeatureSite> sites = new ArrayList<>();
    for (String name : saes) {
      LoadedSae loaded = SaeFormats.load(SaePlace.find(name, output.progress()), model.device());
      SaeSource.requireModel(loaded, model);
      List<String> hooks = HookOption.named(loaded);
      if (hooks.size() != 1) {
        throw new IllegalArgumentException(
            "--sae: the files of %s name the hook points %s; they must name one"
                .formatted(name, hooks));
      }
      sites.add(new FeatureSite(HookPoint.parse(hooks.getFirst()), loaded.sae()));
    }
    return sites;
  }

  /** One model on one task. */
  private final class Finder {
    private final FeatureModel features;
    private final CircuitTask loaded;
    private final FeatureSettings settings;
    private final FeatureThresholds thresholds;

    Finder(
        FeatureModel features,
        CircuitTask loaded,
        FeatureSettings settings,
        FeatureThresholds thresholds) {
      this.features = features;
      this.loaded = loaded;
      this.settings = settings;
      this.thresholds = thresholds;
    }

    CircuitResult result() {
      FeatureAttribution attribution = new FeatureAttribution(features, loaded, settings, _ -> {});
      output.progress().note(attribution.plan().toString());
      Effects<FeatureNode> nodes =
          method == Method.EXACT ? exact(attribution.nodes()) : attribution.effects(estimate());
      Optional<Effects<FeatureEdge>> between =
          edges ? Optional.of(attribution.edges(nodes, estimate(), thresholds)) : Optional.empty();
      Optional<Double> error =
          method == Method.ATP_IG
              ? Optional.of(attribution.completenessError(nodes))
              : Optional.empty();
      CircuitResult.Run run = new CircuitResult.Run(features.model(), loaded, used());
      return run.ofFeatures(autoencoders(), nodes, between, error, curve(nodes));
    }

    private CircuitResult.Settings used() {
      return options.used(method, Optional.of(integrated()).filter(_ -> method == Method.ATP_IG));
    }

    private Attribution.IntegratedGradients integrated() {
      return options.integrated(IntegrationPath.ACTIVATIONS);
    }

    private CircuitResult.Autoencoders autoencoders() {
      return new CircuitResult.Autoencoders(
          saes,
          features.sites().stream().map(site -> site.hook().toString()).toList(),
          CircuitOptions.label(replacement),
          edges ? Optional.of(nodeThreshold) : Optional.empty(),
          edges ? Optional.of(edgeThreshold) : Optional.empty());
    }

    private Attribution estimate() {
      return switch (method) {
        case EXACT, ATP -> new Attribution.Gradient();
        case ATP_IG -> integrated();
        case RELP -> new Attribution.Relevance(false);
        case RELP_AH -> new Attribution.Relevance(true);
      };
    }

    private Effects<FeatureNode> exact(List<FeatureNode> nodes) {
      long most = (long) nodes.size() * loaded.examples().size();
      try (Progress progress = output.progress().start("circuit features", most, "prompts")) {
        FeaturePatching patching =
            new FeaturePatching(features, loaded, settings, progress::update);
        output.progress().note(patching.plan().toString());
        return patching.effects(nodes);
      }
    }

    private Optional<CircuitFidelity.Curve> curve(Effects<FeatureNode> nodes) {
      return curve.measure(() -> new PartialFeatures(features, loaded, settings), nodes, output);
    }
  }
}
