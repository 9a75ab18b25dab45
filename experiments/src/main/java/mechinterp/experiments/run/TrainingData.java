package mechinterp.experiments.run;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.LongToDoubleFunction;
import mechinterp.activation.ActivationBatches;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Harvester;
import mechinterp.activation.KeptTokens;
import mechinterp.activation.OutlierLimit;
import mechinterp.activation.SequenceBatches;
import mechinterp.activation.Site;
import mechinterp.activation.StreamConfig;
import mechinterp.activation.StreamedBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.training.EndToEndBatches;

/** Activations in the order and scale in which settings want them, and where they come from. */
public final class TrainingData implements AutoCloseable {
  private static final double NANOSECONDS = 1e9;

  private final ActivationBatches batches;
  private final List<Site> sites;
  private final Optional<ActivationIdentity> identity;
  private final Optional<OutlierLimit> limit;
  private final LongSupplier dropped;
  private final Closing closing;
  private final Optional<MemoryPlan> memory;
  private final LongToDoubleFunction secondsToRun;

  /** What is done in the end. */
  @FunctionalInterface
  private interface Closing {
    void close() throws IOException;
  }

  private TrainingData(
      ActivationBatches batches,
      List<Site> sites,
      Optional<ActivationIdentity> identity,
      Optional<OutlierLimit> limit,
      LongSupplier dropped,
      Closing closing,
      Optional<MemoryPlan> memory,
      LongToDoubleFunction secondsToRun) {
    this.batches = batches;
    this.sites = sites;
    this.identity = identity;
    this.limit = limit;
    this.dropped = dropped;
    this.closing = closing;
    this.memory = memory;
    this.secondsToRun = secondsToRun;
  }

  /**
   * Shuffles a store, which the caller closes.
   *
   * @throws IllegalArgumentException when all activations are zero and shall be normalised, or a
   *     model shall say what it makes of reconstructions
   */
  public static TrainingData of(DataSettings settings, ActivationStore store, Device device) {
    if (settings.wholeSequences()) {
      throw new IllegalArgumentException(
          "end_to_end: is there, but the activations are stored; it needs a model that runs beside"
              + " (--model)");
    }
    Optional<KeptTokens> within = settings.maxActivationNorm().map(store::withinNorm);
    ActivationStore scaled =
        within
            .map(kept -> store.normalized(settings.normalizeActivations(), kept))
            .orElseGet(() -> store.normalized(settings.normalizeActivations()));
    return new TrainingData(
        within
            .map(kept -> scaled.shuffled(kept, device, settings.seed()))
            .orElseGet(() -> scaled.shuffled(device, settings.seed())),
        scaled.sites(),
        store.identity(),
        within.flatMap(KeptTokens::limit),
        () -> within.map(KeptTokens::dropped).orElse(0),
        () -> {},
        Optional.empty(),
        _ -> 0);
  }

  /**
   * Streams activations from a model.
   *
   * @throws IOException when the text cannot be read, or an activation is not a finite number
   */
  public static TrainingData of(DataSettings settings, Harvester harvester, Corpus corpus)
      throws IOException {
    if (settings.wholeSequences()) {
      return sequences(settings, harvester, corpus);
    }
    StreamConfig config = stream(settings);
    long began = System.nanoTime();
    StreamedBatches stream = harvester.stream(corpus, config);
    double secondsPerToken = (System.nanoTime() - began) / NANOSECONDS / config.bufferTokens();
    return new TrainingData(
        stream,
        stream.sites(),
        Optional.of(harvester.identity(corpus)),
        stream.outlierLimit(),
        stream::dropped,
        stream::close,
        Optional.of(harvester.streamPlan(config)),
        tokens -> Math.max(0, tokens - config.bufferTokens()) * secondsPerToken);
  }

  private static TrainingData sequences(DataSettings settings, Harvester harvester, Corpus corpus)
      throws IOException {
    SequenceBatches sequences = harvester.sequences(corpus, stream(settings));
    EndToEndBatches batches = new EndToEndBatches(sequences);
    return new TrainingData(
        batches,
        sequences.sites(),
        Optional.of(harvester.identity(corpus)),
        Optional.empty(),
        () -> 0,
        batches::close,
        Optional.empty(),
        _ -> 0);
  }

  private static StreamConfig stream(DataSettings settings) {
    return new StreamConfig(
        settings.bufferTokens().orElseThrow(),
        settings.normalizeActivations(),
        settings.maxActivationNorm(),
        settings.seed());
  }

  /** Returns the activations. */
  public ActivationBatches batches() {
    return batches;
  }

  /** Returns the hook points that they are of. */
  public List<Site> sites() {
    return sites;
  }

  /** Returns what the activations of each hook point are multiplied with. */
  public List<Double> scales() {
    return scales(sites);
  }

  /** Returns what the activations of some hook points are multiplied with. */
  static List<Double> scales(List<Site> some) {
    return some.stream().map(site -> site.normalization().scale()).toList();
  }

  /** Returns where they come from, for the autoencoder's files. */
  public SaeMetadata metadata() {
    return metadata(sites);
  }

  /** Returns where those of some hook points come from, for files of an autoencoder of these. */
  public SaeMetadata metadata(List<Site> some) {
    return SaeSource.metadata(identity, some);
  }

  /** Returns what holding the activations takes in memory, where they are streamed. */
  public Optional<MemoryPlan> memory() {
    return memory;
  }

  /**
   * Returns about how many seconds a model runs from here on for so many tokens, by its time for
   * the first buffer; 0 for stored activations.
   */
  double secondsToRun(long tokens) {
    return secondsToRun.applyAsDouble(tokens);
  }

  /** Returns a line on the activations that were left out so far, if any may be. */
  public Optional<String> outliers() {
    return limit.map(found ->
        String.format(
            Locale.ROOT,
            "left out %,d activations longer than %.4g, %s times the median norm",
            dropped.getAsLong(),
            found.largestNorm(),
            found.multiple()));
  }

  @Override
  public void close() throws IOException {
    closing.close();
  }
}
