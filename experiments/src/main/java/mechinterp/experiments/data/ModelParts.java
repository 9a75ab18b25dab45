package mechinterp.experiments.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.CorpusSplit;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.activation.KeptTokens;
import mechinterp.activation.OutlierLimit;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.MeanActivation;
import mechinterp.experiments.text.SplitText;
import mechinterp.metrics.Splice;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** Activations of a model, in stores that a run which goes on finds again. */
public final class ModelParts implements OpenedData {
  private static final double HALF = 0.5;

  private final ModelData data;
  private final Transformer model;
  private final Corpus testText;
  private final Stores stores;
  private final ActivationStore training;
  private final ActivationStore validation;
  private final ActivationStore test;
  private final FloatMatrix mean;
  private final Device device;

  private ModelParts(
      ModelData data,
      Transformer model,
      Corpus testText,
      Stores stores,
      List<ActivationStore> parts,
      Device device) {
    this.data = data;
    this.model = model;
    this.testText = testText;
    this.stores = stores;
    this.training = parts.get(0);
    this.validation = parts.get(1);
    this.test = parts.get(2);
    this.mean = MeanActivation.of(training, device);
    this.device = device;
  }

  static ModelParts open(ModelData data, Path folder, Device device, Progress.Display display)
      throws IOException {
    SplitText text = SplitText.read(data.text());
    CorpusSplit heldOut = new CorpusSplit(text.heldOut(), HALF, data.text().seed() + 1);
    Transformer model = Models.load(data.model(), device);
    Harvester harvester =
        Harvester.of(model, HookPoint.parse(data.hook()))
            .with(HarvestConfig.ofContext(data.maxContext()));
    Stores whole = new Stores(folder, harvester, display, Optional.empty());
    ActivationStore training = whole.of("training", text.training(), data.trainingActivations());
    Optional<KeptTokens> kept = data.maxActivationNorm().map(training::withinNorm);
    Stores stores = new Stores(folder, harvester, display, kept.flatMap(KeptTokens::limit));
    return new ModelParts(
        data,
        model,
        heldOut.heldOut(),
        stores,
        List.of(
            kept.map(training::only).orElse(training),
            stores.of("validation", heldOut.training(), data.validationTokens()),
            stores.of("test", heldOut.heldOut(), data.testTokens())),
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

  /**
   * Returns the activations of further texts, which the caller closes.
   *
   * @param name of the folder that keeps them
   * @throws IOException when they cannot be made or read
   */
  public ActivationStore harvested(String name, Corpus corpus) throws IOException {
    return stores.of(name, corpus, Harvesting.ALL);
  }

  /**
   * Returns the first documents of the test part as tokens.
   *
   * @param atOnce documents of a batch
   * @throws IOException when the text cannot be read
   */
  public List<TokenBatch> splicedTexts(int atOnce) throws IOException {
    List<TokenBatch> batches = new ArrayList<>();
    List<int[]> sequences = new ArrayList<>();
    for (Document document : SplitText.first(testText, data.splicedTexts())) {
      sequences.add(model.tokenizer().encodeFromBos(document.text(), data.maxContext()));
      if (sequences.size() == atOnce) {
        batches.add(TokenBatch.ofIds(sequences));
        sequences = new ArrayList<>();
      }
    }
    if (!sequences.isEmpty()) {
      batches.add(TokenBatch.ofIds(sequences));
    }
    return batches;
  }

  /**
   * Returns what an autoencoder's reconstructions do in the model; tokens that are left out keep
   * their activations.
   */
  public Splice splice(Sae sae) {
    Splice whole = new Splice(model, hook(), sae, mean);
    return stores.limit().map(whole::within).orElse(whole);
  }

  /** Returns the settings. */
  public ModelData data() {
    return data;
  }

  /** Returns the model. */
  public Transformer model() {
    return model;
  }

  /** Returns where its activations are taken. */
  public HookPoint hook() {
    return HookPoint.parse(data.hook());
  }

  /** Returns the mean of the training activations [1, d_in]. */
  public FloatMatrix mean() {
    return mean;
  }

  /** Returns the activations to train on. */
  public ActivationStore training() {
    return training;
  }

  /** Returns the activations to choose on. */
  public ActivationStore validation() {
    return validation;
  }

  /** Returns the activations to report on. */
  public ActivationStore test() {
    return test;
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
  public void close() {
    training.close();
    validation.close();
    test.close();
  }
}
