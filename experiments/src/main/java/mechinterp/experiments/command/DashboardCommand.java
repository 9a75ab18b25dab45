package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.explanation.Explanations;
import mechinterp.analysis.layout.LatentMap;
import mechinterp.analysis.neuronpedia.NeuronpediaSource;
import mechinterp.analysis.neuronpedia.NeuronpediaWriter;
import mechinterp.analysis.rule.RuleAnalysis;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.dashboard.Dashboard;
import mechinterp.experiments.dashboard.DashboardPages;
import mechinterp.experiments.dashboard.NeuronpediaLatents;
import mechinterp.experiments.run.ExplanationFolder;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp dashboard}. */
@Command(
    name = "dashboard",
    description = {
      "Make a folder of pages about all latents: search, sort, contexts, neighbours, rules.",
      "DIR/index.html opens in a browser from disk, without a server."
    })
public final class DashboardCommand implements Callable<Integer> {
  private static final FeatureAnalysisConfig SHOWN =
      FeatureAnalysisConfig.defaults().withTopContexts(10).withIntervals(5, 2);

  @Mixin private ModelOptions modelOptions;
  @Mixin private SaeOption sae;
  @Mixin private HookOption hook;

  @Mixin private FeatureSource source;

  @Option(
      names = "--explanations",
      paramLabel = "DIR",
      description = "Folder that explain wrote: show these, too.")
  private Optional<Path> explanations = Optional.empty();

  @Option(
      names = "--neuronpedia",
      paramLabel = "DIR",
      description = "Also write what Neuronpedia's import reads: DIR/MODEL/LAYER-SET.")
  private Optional<Path> neuronpedia = Optional.empty();

  @Option(
      names = "--neuronpedia-set",
      paramLabel = "NAME",
      description = "What Neuronpedia is to call it. Default: one such as res-2048.")
  private Optional<String> neuronpediaSet = Optional.empty();

  @Option(
      names = "--attributions",
      paramLabel = "N",
      description = {
        "Of an autoencoder of what attention makes: on how many of a latent's strongest tokens to",
        "show from which tokens and heads it comes. Each is a run of the model. Default: 1."
      })
  private int attributions = 1;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, new or empty.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, int latents, int tokens, long dead) {}

  @Override
  public Integer call() throws IOException {
    source.requireGiven();
    if (attributions < 0) {
      throw new IllegalArgumentException(
          "--attributions: is %d; it must be 0 or more".formatted(attributions));
    }
    RunFiles.requireFree(out);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, _ -> {});
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      SaeSource.requireModel(loaded, model);
      List<HookPoint> sites = hook.of(loaded, sae);
      try (ActivationStore opened = source.open(model, sites, output)) {
        ActivationStore store = SaeSource.fitting(loaded, opened);
        Result result = write(model, loaded, sites, store);
        output.print(
            result,
            String.format(
                Locale.ROOT,
                "%s: %,d latents on %,d tokens, %,d never active; open %s",
                out,
                result.latents(),
                result.tokens(),
                result.dead(),
                out.resolve("index.html").toAbsolutePath()));
      }
    }
    return 0;
  }

  private Result write(
      Transformer model, LoadedSae loaded, List<HookPoint> sites, ActivationStore store)
      throws IOException {
    Optional<Explanations> explained = explained(model, loaded, sites.getFirst());
    FeatureAnalysis analysis =
        FeatureAnalysis.of(model, sites.getFirst(), loaded.sae()).with(SHOWN);
    FeatureReport report;
    try (Progress progress = start("features", store.tokens(), "tokens")) {
      progress.note("plan: " + analysis.plan().toString().replace("\n", "\n  "));
      report = analysis.over(store, progress::update);
    }
    RuleReport rules;
    try (Progress progress = start("rules", store.tokens(), "tokens")) {
      rules = RuleAnalysis.of(loaded.sae()).over(store, progress::update);
    }
    LatentMap map;
    try (Progress progress = start("map", LatentMap.steps(loaded.sae()), "steps")) {
      map = LatentMap.of(loaded.sae(), progress::update);
    }
    String subtitle =
        String.format(
            Locale.ROOT,
            "%s of %s; %,d latents on %,d tokens",
            sites.getFirst(),
            model.config().name(),
            report.latents(),
            report.tokens());
    try (Progress progress = start("pages", report.latents(), "latents")) {
      Dashboard.write(
          out,
          new Dashboard.Heading(sae.toString(), subtitle),
          new DashboardPages(
              report,
              rules,
              model,
              source.documentNames(),
              explained.map(Explanations::explanations).orElse(List.of()),
              map,
              attributions),
          progress::update);
    }
    if (neuronpedia.isPresent()) {
      writeNeuronpedia(neuronpedia.get(), report, model, sites.getFirst(), explained);
    }
    return new Result(out.toString(), report.latents(), report.tokens(), report.density().dead());
  }

  private void writeNeuronpedia(
      Path root,
      FeatureReport report,
      Transformer model,
      HookPoint site,
      Optional<Explanations> explained)
      throws IOException {
    try (Progress progress = start("neuronpedia", report.latents(), "latents")) {
      NeuronpediaLatents latents =
          new NeuronpediaLatents(report, model, explained, progress::update);
      NeuronpediaSource own = latents.source(site, neuronpediaSet, source.textName());
      progress.note("for Neuronpedia: " + NeuronpediaWriter.write(root, own, latents));
    }
  }

  private Optional<Explanations> explained(Transformer model, LoadedSae loaded, HookPoint site)
      throws IOException {
    if (explanations.isEmpty()) {
      return Optional.empty();
    }
    Explanations found = ExplanationFolder.read(explanations.get());
    found.requireOf(
        ExplanationFolder.file(explanations.get()).toString(),
        model.identity(),
        site.toString(),
        loaded.sae().dSae());
    return Optional.of(found);
  }

  private Progress start(String stage, long total, String unit) {
    return output.progress().start(stage, total, unit);
  }
}
