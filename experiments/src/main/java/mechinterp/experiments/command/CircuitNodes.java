package mechinterp.experiments.command;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.circuits.ActivationPatching;
import mechinterp.circuits.Attribution;
import mechinterp.circuits.AttributionPatching;
import mechinterp.circuits.CircuitNode;
import mechinterp.circuits.CircuitSettings;
import mechinterp.circuits.CircuitTask;
import mechinterp.circuits.Effects;
import mechinterp.circuits.IntegrationPath;
import mechinterp.circuits.PatchSite;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.CircuitResult;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit nodes}. */
@Command(
    name = "nodes",
    description = {
      "Measure what each part of a model does to a task's metric, or estimate it from gradients.",
      "F holds nodes: a list of name and effect; effect = mean over examples of metric(patched) -"
          + " metric(clean) when the corrupted value is put into the clean run."
    })
public final class CircuitNodes implements Callable<Integer> {
  /** How effects are found. */
  enum Method {
    /** By a run for each node and example. */
    EXACT,
    /** By one gradient. */
    ATP,
    /** By one gradient, and the patterns that queries and keys make. */
    ATP_QK,
    /** By a gradient without each layer. */
    ATP_DROP,
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
      names = "--method",
      paramLabel = "METHOD",
      description = "exact, atp, atp-qk, atp-drop, atp-ig, relp or relp-ah. Default: exact.",
      converter = CircuitMethods.OfNodes.class)
  private Method method = Method.EXACT;

  @Mixin private CircuitOptions options;

  @Option(
      names = "--nodes",
      paramLabel = "KIND",
      description =
          "components (embedding, heads, feed-forward layers), residual, head_parts (q, k, v, z) or"
              + " neurons. Default: ${DEFAULT-VALUE}.")
  private CircuitNode.Kind kind = CircuitNode.Kind.COMPONENTS;

  @Option(
      names = "--by-position",
      description = "Patch each position by itself; prompts must have one length.")
  private boolean byPosition;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      CircuitTask loaded = task.load(model);
      CircuitSettings settings = options.settings();
      List<CircuitNode> nodes = kind.of(model);
      List<PatchSite> sites =
          byPosition ? PatchSite.byPosition(nodes, loaded) : PatchSite.everywhere(nodes);
      CircuitResult result = result(model, loaded, settings, sites);
      options.write(result, output);
    }
    return 0;
  }

  private CircuitResult result(
      Transformer model, CircuitTask loaded, CircuitSettings settings, List<PatchSite> sites) {
    Attribution.IntegratedGradients integrated = options.integrated(IntegrationPath.ACTIVATIONS);
    CircuitResult.Settings used =
        options.used(method, Optional.of(integrated).filter(_ -> method == Method.ATP_IG));
    CircuitResult.Run run = new CircuitResult.Run(model, loaded, used);
    return switch (method) {
      case EXACT -> run.ofNodes(exact(model, loaded, settings, sites), Optional.empty());
      case ATP -> estimated(run, settings, sites, new Attribution.Gradient());
      case ATP_QK -> estimated(run, settings, sites, new Attribution.ExactSoftmax());
      case ATP_DROP -> estimated(run, settings, sites, new Attribution.DroppedGradients());
      case ATP_IG -> estimated(run, settings, sites, integrated);
      case RELP -> estimated(run, settings, sites, new Attribution.Relevance(false));
      case RELP_AH -> estimated(run, settings, sites, new Attribution.Relevance(true));
    };
  }

  private Effects<PatchSite> exact(
      Transformer model, CircuitTask loaded, CircuitSettings settings, List<PatchSite> sites) {
    long total = (long) sites.size() * loaded.examples().size();
    try (Progress progress = output.progress().start("circuit nodes", total, "prompts")) {
      ActivationPatching patching =
          new ActivationPatching(model, loaded, settings, progress::update);
      output.progress().note(patching.plan(sites).toString());
      return patching.effects(sites);
    }
  }

  private CircuitResult estimated(
      CircuitResult.Run run,
      CircuitSettings settings,
      List<PatchSite> sites,
      Attribution attribution) {
    AttributionPatching patching =
        new AttributionPatching(run.model(), run.task(), settings, _ -> {});
    output.progress().note(patching.plan(sites).toString());
    Effects<PatchSite> effects = patching.effects(sites, attribution);
    Optional<Double> error =
        method == Method.ATP_IG
            ? embedding(effects).map(patching::completenessError)
            : Optional.empty();
    return run.ofNodes(effects, error);
  }

  /** Returns the effects of the whole embedding on each example, where it is among the nodes. */
  private static Optional<double[]> embedding(Effects<PatchSite> effects) {
    return IntStream.range(0, effects.items().size())
        .filter(item -> effects.items().get(item).node() instanceof CircuitNode.Embedding)
        .mapToObj(effects::byExample)
        .reduce(CircuitNodes::sum);
  }

  private static double[] sum(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
  }
}
