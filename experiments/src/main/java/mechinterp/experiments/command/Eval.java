package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Site;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.run.CrossLayerSites;
import mechinterp.experiments.run.Evaluation;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.Splicing;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.metrics.SplicedLoss;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedCrossLayerTranscoder;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp eval}. */
@Command(
    name = "eval",
    description =
        "Measure how well a sparse autoencoder or transcoder reconstructs activations, and what a model predicts with its reconstructions.")
public final class Eval implements Callable<Integer> {
  @Mixin private SaeOption sae;

  @ArgGroup(multiplicity = "1")
  private ActivationSource source;

  @Option(
      names = "--hook",
      paramLabel = "H",
      description = {
        "Hook point of the store to measure at; several times for several that stand side by side.",
        "Default: all, or those that the autoencoder names."
      })
  private List<String> hooks = List.of();

  @Mixin private SplicedOptions spliced;
  @Mixin private CodesOption codes;
  @Mixin private SelectorOption selector;
  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed: {@link ReconstructionMetrics}. The bias is missing when all reconstructions
   * are 0, the hook points where there is one, what is spliced in without a model.
   */
  record Result(
      String sae,
      String activations,
      int metricsVersion,
      long tokens,
      double fvu,
      double explainedVariance,
      double mse,
      double l0,
      double deadFraction,
      double shrinkage,
      Optional<Double> relativeReconstructionBias,
      double cosine,
      Optional<List<HookPointFvu>> hookPoints,
      Optional<SplicedLoss.Result> spliced) {
    static Result of(
        String sae,
        ActivationStore store,
        SaeEvaluator evaluator,
        Optional<SplicedLoss.Result> spliced) {
      ReconstructionMetrics metrics = evaluator.metrics();
      return new Result(
          sae,
          store.name(),
          ReconstructionMetrics.VERSION,
          metrics.tokens(),
          metrics.fvu(),
          metrics.explainedVariance(),
          metrics.mse(),
          metrics.l0(),
          metrics.deadFraction(),
          metrics.shrinkage(),
          finite(metrics.relativeReconstructionBias()),
          metrics.cosine(),
          hookPoints(store.sites(), evaluator.fvuOfHookPoints()),
          spliced);
    }

    /** The last ones of the store are those that are reconstructed. */
    private static Optional<List<HookPointFvu>> hookPoints(List<Site> sites, List<Double> fvu) {
      if (fvu.size() < 2) {
        return Optional.empty();
      }
      int first = sites.size() - fvu.size();
      return Optional.of(
          IntStream.range(0, fvu.size())
              .mapToObj(i -> new HookPointFvu(sites.get(first + i).hook(), fvu.get(i)))
              .toList());
    }

    private static Optional<Double> finite(double value) {
      return Double.isFinite(value) ? Optional.of(value) : Optional.empty();
    }
  }

  /**
   * How much of one hook point's variance is unexplained.
   *
   * @param hook its name
   * @param fvu of its activations by themselves
   */
  record HookPointFvu(String hook, double fvu) {}

  @Override
  public Integer call() throws IOException {
    Path place = sae.find(output);
    try (Device device = deviceOptions.open();
        ActivationStore opened = source.open()) {
      ActivationStore chosen = hooks.isEmpty() ? opened : opened.at(hooks);
      Result result =
          CrossLayerTranscoderFiles.areIn(place)
              ? crossLayer(place, device, chosen)
              : autoencoder(place, device, chosen);
      output.print(result, describe(result));
    }
    return 0;
  }

  private Result autoencoder(Path place, Device device, ActivationStore chosen) throws IOException {
    LoadedSae loaded = SaeFormats.load(place, device);
    ActivationStore store = SaeSource.fitting(loaded, chosen);
    Sae encoder = selector.apply(codes.apply(loaded.sae()), place);
    SaeEvaluator evaluator = Evaluation.of(encoder, store, output.progress());
    return Result.of(
        sae.toString(),
        store,
        evaluator,
        spliced.measure(device, output, model -> Splicing.of(model, encoder, store)));
  }

  private Result crossLayer(Path place, Device device, ActivationStore chosen) throws IOException {
    codes.requireNone(CrossLayerTranscoderConfig.ARCHITECTURE);
    selector.requireNone(CrossLayerTranscoderConfig.ARCHITECTURE);
    LoadedCrossLayerTranscoder loaded = CrossLayerTranscoderFiles.load(place, device);
    CrossLayerTranscoder transcoder = loaded.transcoder();
    ActivationStore store = CrossLayerSites.fitting(loaded, chosen);
    SaeEvaluator evaluator = Evaluation.of(transcoder, store, output.progress());
    return Result.of(
        sae.toString(),
        store,
        evaluator,
        spliced.measure(device, output, model -> Splicing.of(model, transcoder, store)));
  }

  private static String describe(Result result) {
    TextTable table =
        new TextTable("metric", "value")
            .row("tokens", String.format(Locale.ROOT, "%,d", result.tokens()))
            .row("fvu", number(result.fvu()))
            .row("explained_variance", number(result.explainedVariance()))
            .row("mse", number(result.mse()))
            .row("l0", number(result.l0()))
            .row("dead_fraction", number(result.deadFraction()))
            .row("shrinkage", number(result.shrinkage()))
            .row(
                "relative_reconstruction_bias",
                result.relativeReconstructionBias().map(Eval::number).orElse("undefined"))
            .row("cosine", number(result.cosine()));
    for (HookPointFvu each : result.hookPoints().orElse(List.of())) {
      table.row("fvu of " + each.hook(), number(each.fvu()));
    }
    result.spliced().ifPresent(loss -> describe(table, loss));
    return table.toString();
  }

  private static void describe(TextTable table, SplicedLoss.Result loss) {
    table
        .row("predictions", String.format(Locale.ROOT, "%,d", loss.predictions()))
        .row("cross_entropy", number(loss.crossEntropy()))
        .row("spliced cross_entropy", number(loss.reconstruction().crossEntropy()))
        .row("spliced kl_divergence", number(loss.reconstruction().klDivergence()))
        .row("mean ablation's cross_entropy", number(loss.meanAblation().crossEntropy()))
        .row("zero ablation's cross_entropy", number(loss.zeroAblation().crossEntropy()))
        .row("loss_recovered_from_mean", number(loss.lossRecoveredFromMean()))
        .row("loss_recovered_from_zero", number(loss.lossRecoveredFromZero()));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
