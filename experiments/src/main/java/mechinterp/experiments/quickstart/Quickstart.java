package mechinterp.experiments.quickstart;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureAnalysisConfig;
import mechinterp.analysis.FeatureReport;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.HtmlReport;
import mechinterp.experiments.run.Environment;
import mechinterp.experiments.run.Evaluation;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.MeanActivation;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.Training;
import mechinterp.experiments.run.TrainingData;
import mechinterp.experiments.text.SplitText;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.metrics.LatentDensity;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.metrics.Splice;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.training.SaeTrainer;

/** One quickstart from text to report. Nothing is written before all of it is done. */
public final class Quickstart {
  private final QuickstartConfig config;
  private final Device device;
  private final Progress.Display display;
  private final StageTimes times = new StageTimes(System::nanoTime);

  /** Makes a quickstart that shows its progress on {@code display}. */
  public Quickstart(QuickstartConfig config, Device device, Progress.Display display) {
    this.config = config;
    this.device = device;
    this.display = display;
  }

  /**
   * What a run leaves.
   *
   * @param folder its folder
   * @param result what it found
   */
  public record Finished(Path folder, QuickstartResult result) {
    /** Returns the report's file. */
    public Path report() {
      return folder.resolve("report.html");
    }
  }

  /**
   * Runs all stages and writes the folder {@code RUNS/quickstart/ID}.
   *
   * @throws IOException when text or model cannot be read, or the folder cannot be written
   * @throws IllegalArgumentException when a setting is out of its range
   * @throws mechinterp.device.InsufficientMemoryException when a stage does not fit into memory
   */
  public Finished run(Path runs) throws IOException {
    String id = RunFiles.newId();
    SplitText text = SplitText.read(config.text());
    Transformer model = Models.load(config.model(), device);
    HookPoint hook = HookPoint.parse(config.hook());
    Harvester harvester =
        Harvester.of(model, hook).with(HarvestConfig.ofContext(config.harvest().maxContext()));
    requireMemory(model.width(hook));
    times.ended("read");
    try (ActivationStore training =
            harvest(harvester, text.training(), config.harvest().trainTokens());
        ActivationStore heldOut =
            harvest(harvester, text.heldOut(), config.harvest().heldOutTokens())) {
      times.ended("harvest");
      Training trained =
          Training.run(
              config.training(),
              TrainingData.of(config.training().data(), training, device),
              device,
              display,
              Optional.empty());
      times.ended("train");
      SaeEvaluator evaluator = Evaluation.of(trained.sae(), heldOut, display);
      Splice splice = new Splice(model, hook, trained.sae(), MeanActivation.of(training, device));
      SplicedModel spliced =
          SplicedModel.measure(
              splice, splicedTexts(text.heldOut()), config.harvest().maxContext(), display);
      times.ended("evaluate");
      List<FeatureCard> features = features(model, trained.sae(), training, text.training());
      times.ended("features");
      QuickstartResult result =
          new QuickstartResult(
              id,
              model.identity(),
              hook.toString(),
              text.name(),
              training.tokens(),
              heldOut.tokens(),
              ReconstructionMetrics.VERSION,
              evaluator.metrics(),
              spliced.embedding(),
              spliced.nextToken(),
              trained.last(),
              features.stream().map(FeatureCard::latent).toList(),
              times.seconds());
      Path folder = runs.resolve("quickstart").resolve(id);
      write(folder, result, trained, evaluator.density(), features, training);
      return new Finished(folder, result);
    }
  }

  /** All that is held at once while training, checked before the first activation is computed. */
  private void requireMemory(int dIn) {
    long tokens = (long) config.harvest().trainTokens() + config.harvest().heldOutTokens();
    long training = new SaeTrainer(device, config.train()).plan(config.sae().config(dIn)).total();
    MemoryPlan.empty("quickstart")
        .withMatrix("activations", tokens, dIn + 3L)
        .with("training", training)
        .requireFits(device);
  }

  private ActivationStore harvest(Harvester harvester, Corpus corpus, int tokens)
      throws IOException {
    return Harvesting.run(harvester, tokens, ready -> ready.collect(corpus, tokens), display);
  }

  private List<String> splicedTexts(Corpus heldOut) throws IOException {
    return SplitText.first(heldOut, config.report().splicedTexts()).stream()
        .map(Document::text)
        .toList();
  }

  private List<FeatureCard> features(
      Transformer model, Sae sae, ActivationStore store, Corpus corpus) throws IOException {
    FeatureAnalysis analysis =
        FeatureAnalysis.of(sae)
            .with(FeatureAnalysisConfig.defaults().withTopContexts(config.report().topContexts()));
    FeatureReport report;
    try (Progress progress = display.start("features", store.tokens(), "tokens")) {
      report = analysis.over(store, progress::update);
    }
    List<Document> documents = SplitText.first(corpus, Integer.MAX_VALUE);
    return new FeatureCards(report, model, number -> documents.get(number).id())
        .best(config.report().features());
  }

  private void write(
      Path folder,
      QuickstartResult result,
      Training trained,
      LatentDensity density,
      List<FeatureCard> features,
      ActivationStore training)
      throws IOException {
    Environment environment = Environment.of(device);
    String page =
        HtmlReport.page(
            QuickstartReport.of(config, environment, result, trained, density, features));
    AtomicFolder.write(
        folder,
        inside -> {
          Json.write(inside.resolve("config.json"), config);
          Json.write(inside.resolve("environment.json"), environment);
          Json.write(inside.resolve("result.json"), result);
          RunFiles.writeMetrics(inside.resolve("metrics.jsonl"), trained.history());
          SaeFiles.save(
              trained.sae(),
              inside.resolve("sae"),
              SaeSource.metadata(training.identity(), training.sites()));
          Files.writeString(inside.resolve("report.html"), page);
        });
  }
}
