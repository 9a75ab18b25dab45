package mechinterp.experiments.comparison;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.CorpusSplit;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.activation.KeptTokens;
import mechinterp.activation.OutlierLimit;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.run.Evaluation;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.MeanActivation;
import mechinterp.experiments.text.SplitText;
import mechinterp.metrics.PredictionLoss;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.metrics.Splice;
import mechinterp.metrics.UntouchedRun;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** Activations of a model, in stores that a run which goes on finds again. */
final class ModelActivations implements ComparedActivations {
  private static final Progress.Display SILENT =
      new Progress.Display(new PrintWriter(Writer.nullWriter()), false, System::nanoTime);
  private static final double HALF = 0.5;
  private static final int TEXTS_AT_ONCE = 16;
  private static final int FIGURES = 3;
  private static final int SAMPLE = 4096;

  private final ModelData data;
  private final Transformer model;
  private final HookPoint hook;
  private final Device device;
  private final List<TokenBatch> splicedTexts;
  private final ActivationStore training;
  private final ActivationStore validation;
  private final ActivationStore test;
  private final Optional<OutlierLimit> limit;
  private final FloatMatrix mean;
  private final TokenDetection tokens;
  private final Probes probes;
  private Optional<Untouched> untouched = Optional.empty();

  private ModelActivations(
      ModelData data,
      Transformer model,
      List<TokenBatch> splicedTexts,
      List<ActivationStore> stores,
      Optional<OutlierLimit> limit,
      Probes probes,
      Device device) {
    this.data = data;
    this.model = model;
    this.hook = HookPoint.parse(data.hook());
    this.device = device;
    this.splicedTexts = splicedTexts;
    this.training = stores.get(0);
    this.validation = stores.get(1);
    this.test = stores.get(2);
    this.limit = limit;
    this.mean = MeanActivation.of(training, device);
    this.probes = probes;
    this.tokens = TokenDetection.ofFrequent(training, data.frequentTokens());
  }

  static ModelActivations open(ModelData data, Path folder, Device device, Progress.Display display)
      throws IOException {
    SplitText text = SplitText.read(data.text());
    CorpusSplit heldOut = new CorpusSplit(text.heldOut(), HALF, data.text().seed() + 1);
    Transformer model = Models.load(data.model(), device);
    Harvester harvester =
        Harvester.of(model, HookPoint.parse(data.hook()))
            .with(HarvestConfig.ofContext(data.maxContext()));
    Stores harvested = new Stores(folder, harvester, display, Optional.empty());
    ActivationStore training =
        harvested.of("training", text.training(), data.trainingActivations());
    Optional<KeptTokens> kept = data.maxActivationNorm().map(training::withinNorm);
    Optional<OutlierLimit> limit = kept.flatMap(KeptTokens::limit);
    Stores stores = new Stores(folder, harvester, display, limit);
    return new ModelActivations(
        data,
        model,
        batches(heldOut.heldOut(), model, data),
        List.of(
            kept.map(training::only).orElse(training),
            stores.of("validation", heldOut.training(), data.validationTokens()),
            stores.of("test", heldOut.heldOut(), data.testTokens())),
        limit,
        Probes.of(
            data.probedEntries(),
            data.text().seed(),
            corpus -> stores.of("probes", corpus, Harvesting.ALL)),
        device);
  }

  /** Folders of activations; one that an earlier run left is not harvested again. */
  private record Stores(
      Path folder, Harvester harvester, Progress.Display display, Optional<OutlierLimit> limit) {
    ActivationStore of(String name, Corpus corpus, int tokens) throws IOException {
      ActivationStore all = harvested(name, corpus, tokens);
      return limit.map(found -> all.only(all.withinNorm(found))).orElse(all);
    }

    private ActivationStore harvested(String name, Corpus corpus, int tokens) throws IOException {
      Path store = folder.resolve(name);
      if (!Files.exists(store)) {
        Files.createDirectories(folder);
        return Harvesting.run(
            harvester, tokens, ready -> ready.collect(corpus, tokens, store), display);
      }
      ActivationStore found = ActivationStore.open(store);
      found.requireSameSource(harvester.identity(corpus));
      return found;
    }
  }

  private static List<TokenBatch> batches(Corpus corpus, Transformer model, ModelData data)
      throws IOException {
    List<TokenBatch> batches = new ArrayList<>();
    List<int[]> sequences = new ArrayList<>();
    for (Document document : SplitText.first(corpus, data.splicedTexts())) {
      sequences.add(model.tokenizer().encodeFromBos(document.text(), data.maxContext()));
      if (sequences.size() == TEXTS_AT_ONCE) {
        batches.add(TokenBatch.ofIds(sequences));
        sequences = new ArrayList<>();
      }
    }
    if (!sequences.isEmpty()) {
      batches.add(TokenBatch.ofIds(sequences));
    }
    return batches;
  }

  @Override
  public int dIn() {
    return training.dIn();
  }

  @Override
  public Training training(long seed) {
    ActivationStore scaled = training.normalized(data.normalizeActivations());
    return new Training(scaled.shuffled(device, seed), scaled.normalization().scale());
  }

  @Override
  public double validationFvu(Sae sae) {
    return Evaluation.of(Codes.ofEncoder(sae), validation, SILENT).metrics().fvu();
  }

  @Override
  public int figuresVersion() {
    return FIGURES;
  }

  @Override
  public Map<String, Double> testFigures(Sae sae, int k) {
    Map<String, Double> figures = new LinkedHashMap<>(figures(Codes.ofEncoder(sae)));
    figures.put("nearest_cosine", nearestCosine(sae));
    figures(Codes.ofPursuit(sae, k))
        .forEach((name, value) -> figures.put(Codes.PURSUIT + name, value));
    reconstruction(Codes.ofAdaptive(sae, k, sample()))
        .forEach((name, value) -> figures.put(Codes.ADAPTIVE + name, value));
    reconstruction(Codes.ofMatching(sae, k))
        .forEach((name, value) -> figures.put(Codes.MATCHING + name, value));
    return figures;
  }

  private FloatMatrix sample() {
    int count = Math.min(SAMPLE, validation.tokens());
    float[] rows = new float[Math.multiplyExact(count, validation.dIn())];
    validation.read(0, count, rows, 0);
    return device.matrix(count, validation.dIn(), rows);
  }

  private Map<String, Double> figures(Sae sae) {
    Map<String, Double> figures = reconstruction(sae);
    figures.putAll(tokens.f1(sae, validation, test));
    figures.putAll(probes.accuracies(sae));
    return figures;
  }

  private Map<String, Double> reconstruction(Sae sae) {
    Map<String, Double> figures = new LinkedHashMap<>();
    ReconstructionMetrics metrics = Evaluation.of(sae, test, SILENT).metrics();
    figures.put("fvu", metrics.fvu());
    figures.put("l0", metrics.l0());
    figures.put("dead_fraction", metrics.deadFraction());
    if (model.config().unembed().isPresent()) {
      addSpliced(figures, sae);
    }
    return figures;
  }

  /** The model's own runs on the spliced texts; every autoencoder is compared with them. */
  private record Untouched(List<UntouchedRun> runs, double crossEntropy) {
    static Untouched of(Transformer model, List<TokenBatch> texts) {
      List<UntouchedRun> runs = texts.stream().map(batch -> UntouchedRun.of(model, batch)).toList();
      PredictionLoss loss = new PredictionLoss(model);
      runs.forEach(loss::add);
      return new Untouched(runs, loss.crossEntropy());
    }
  }

  private void addSpliced(Map<String, Double> figures, Sae sae) {
    Untouched clean = untouched.orElseGet(() -> Untouched.of(model, splicedTexts));
    untouched = Optional.of(clean);
    Splice whole = new Splice(model, hook, sae, mean);
    Splice splice = limit.map(whole::within).orElse(whole);
    PredictionLoss spliced = new PredictionLoss(model);
    clean.runs().forEach(run -> spliced.add(run, splice.reconstruction()));
    figures.put("ce_rise", spliced.crossEntropy() - clean.crossEntropy());
    figures.put("kl", spliced.klDivergence());
  }

  /** Mean over latents of the cosine of their decoder row with the nearest other one. */
  private static double nearestCosine(Sae sae) {
    double sum = 0;
    float[] cosines = new DecoderGeometry(sae).nearestCosines();
    for (float cosine : cosines) {
      sum += cosine;
    }
    return sum / cosines.length;
  }

  @Override
  public void close() {
    training.close();
    validation.close();
    test.close();
    probes.close();
  }
}
