package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.rule.RuleAnalysis;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.dashboard.Dashboard;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.text.SplitText;
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
  private static final int LONGEST_CONTEXT = 256;
  private static final FeatureAnalysisConfig SHOWN =
      FeatureAnalysisConfig.defaults().withTopContexts(10).withIntervals(5, 2);

  @Mixin private ModelOptions modelOptions;
  @Mixin private SaeOption sae;
  @Mixin private HookOption hook;

  @Option(
      names = "--store",
      paramLabel = "STORE",
      description = "Folder that harvest wrote. Default: run text through the model.")
  private Optional<Path> storeFolder = Optional.empty();

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Text, a document a line, when there is no store; also names documents.")
  private Optional<Path> text = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens of the text. Default: ${DEFAULT-VALUE}.")
  private int tokens = 200_000;

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
    if (storeFolder.isEmpty() && text.isEmpty()) {
      throw new IllegalArgumentException("--store or --text: one must be given");
    }
    RunFiles.requireFree(out);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, _ -> {});
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      SaeSource.requireModel(loaded, model);
      List<HookPoint> sites = hook.of(loaded, sae);
      try (ActivationStore opened = store(model, sites)) {
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

  private ActivationStore store(Transformer model, List<HookPoint> sites) throws IOException {
    if (storeFolder.isPresent()) {
      return ActivationStore.open(storeFolder.get());
    }
    Corpus corpus = Corpus.text(text.orElseThrow());
    int context = Math.min(LONGEST_CONTEXT, model.config().nCtx());
    Harvester harvester = Harvester.of(model, sites).with(HarvestConfig.ofContext(context));
    return Harvesting.run(
        harvester, tokens, ready -> ready.collect(corpus, tokens), output.progress());
  }

  private Result write(
      Transformer model, LoadedSae loaded, List<HookPoint> sites, ActivationStore store)
      throws IOException {
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
          new Dashboard.Of(sae.toString(), subtitle, documentNames()),
          report,
          rules,
          model,
          progress::update);
    }
    return new Result(out.toString(), report.latents(), report.tokens(), report.density().dead());
  }

  private IntFunction<String> documentNames() throws IOException {
    if (text.isEmpty()) {
      return number -> "document " + number;
    }
    List<String> names =
        SplitText.first(Corpus.text(text.get()), Integer.MAX_VALUE).stream()
            .map(Document::id)
            .toList();
    return number -> number < names.size() ? names.get(number) : "document " + number;
  }

  private Progress start(String stage, long total, String unit) {
    return output.progress().start(stage, total, unit);
  }
}
