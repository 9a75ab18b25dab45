package mechinterp.analysis;

import java.io.IOException;
import java.util.Optional;
import java.util.function.IntConsumer;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Harvester;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.MemoryPlan;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;

/**
 * Finds where the latents of an autoencoder are active: one pass over a store, in batches, with
 * memory that depends on the number of latents but not on the number of tokens.
 */
public final class FeatureAnalysis {
  /** Tokens of which the final norm's scale is the mean. */
  private static final int SCALE_TOKENS = 1024;

  private final Sae sae;
  private final Optional<Source> source;
  private final FeatureAnalysisConfig config;

  /** What the activations are of. */
  private record Source(Transformer model, HookPoint site) {}

  private FeatureAnalysis(Sae sae, Optional<Source> source, FeatureAnalysisConfig config) {
    this.sae = sae;
    this.source = source;
    this.config = config;
  }

  /**
   * Returns an analysis with default settings.
   *
   * @param sae an autoencoder for activations as the model makes them, as one is that was loaded or
   *     whose input scale was folded in
   */
  public static FeatureAnalysis of(Sae sae) {
    return new FeatureAnalysis(sae, Optional.empty(), FeatureAnalysisConfig.defaults());
  }

  /**
   * Returns an analysis that knows the model: it can go through text, refuses stores of another
   * model or hook point, and gives effects on the logits in logits.
   *
   * @param model whose activations the autoencoder encodes, on the same device
   * @param site where; of several hook points the first
   * @param sae as for {@link #of(Sae)}
   * @throws IllegalArgumentException when the model has no such hook point, or one of another width
   */
  public static FeatureAnalysis of(Transformer model, HookPoint site, Sae sae) {
    int width = sae.config().siteWidths().getFirst();
    if (model.width(site) != width) {
      throw new IllegalArgumentException(
          "analysis: %s is %d wide, the autoencoder's d_in is %d; they must be equal"
              .formatted(site, model.width(site), width));
    }
    return new FeatureAnalysis(
        sae, Optional.of(new Source(model, site)), FeatureAnalysisConfig.defaults());
  }

  /** Returns this analysis with other settings. */
  public FeatureAnalysis with(FeatureAnalysisConfig other) {
    return new FeatureAnalysis(sae, source, other);
  }

  /**
   * Runs text through the model and goes through its activations, which are kept in memory.
   *
   * @param corpus the text
   * @param tokens how many tokens at most
   * @throws IllegalStateException when the analysis was made without a model
   * @throws IllegalArgumentException when the autoencoder is of several hook points
   * @throws IOException when the corpus cannot be read
   * @throws mechinterp.device.InsufficientMemoryException when activations or statistics do not fit
   */
  public FeatureReport over(Corpus corpus, int tokens) throws IOException {
    Source from =
        source.orElseThrow(
            () -> new IllegalStateException("analysis: has no model; name it to go through text"));
    if (sae.config().siteWidths().size() != 1) {
      throw new IllegalArgumentException(
          "analysis: the %s is of %d hook points; harvest them into a store first"
              .formatted(sae.config().architecture(), sae.config().siteWidths().size()));
    }
    return over(Harvester.of(from.model(), from.site()).collect(corpus, tokens));
  }

  /**
   * Goes through a store.
   *
   * @param store activations with their tokens; it must stay open while the report is asked for
   *     contexts
   * @throws IllegalArgumentException when its activations are not as wide as the autoencoder's, or
   *     of another model, hook point or tokenizer
   * @throws IllegalStateException when its activations came without their tokens
   * @throws mechinterp.device.InsufficientMemoryException when the statistics do not fit
   */
  public FeatureReport over(ActivationStore store) {
    return over(store, _ -> {});
  }

  /**
   * Goes through a store.
   *
   * @param progress hears how many tokens are done, after each batch
   */
  public FeatureReport over(ActivationStore store, IntConsumer progress) {
    requireFits(store);
    plan().requireFits(sae.device());
    FeatureCollector collected = new FeatureCollector(sae, config);
    int batchSize = EncodedBatch.capacity(sae, Math.min(config.batchSize(), store.tokens()));
    EncodedBatch batch = new EncodedBatch(sae, batchSize);
    for (int first = 0; first < store.tokens(); first += batchSize) {
      int rows = Math.min(batchSize, store.tokens() - first);
      TokenOrigins origins = store.origins(first, rows);
      batch.encode(store, first, rows);
      for (int t = 0; t < rows; t++) {
        collected.add(batch, t, first + t, origins.document(t), origins.tokenId(t));
      }
      progress.accept(first + rows);
    }
    return new FeatureReport(sae, store, config, collected, logitScale(store), attribution(store));
  }

  private void requireFits(ActivationStore store) {
    int width = sae.config().rowWidth();
    if (store.dIn() != width) {
      throw new IllegalArgumentException(
          "%s: is %d wide, the autoencoder's %s is %d; they must be equal"
              .formatted(store.name(), store.dIn(), sae.config().rowWidthName(), width));
    }
    source.ifPresent(from -> requireSource(store, from));
  }

  private static void requireSource(ActivationStore store, Source from) {
    String hook = store.sites().getFirst().hook();
    if (!hook.equals(from.site().toString())) {
      throw new IllegalArgumentException(
          "%s: hook is \"%s\"; expected \"%s\"".formatted(store.name(), hook, from.site()));
    }
    Transformer model = from.model();
    store
        .identity()
        .ifPresent(found ->
            found.requireSameSource(
                store.name(),
                new ActivationIdentity(
                    model.identity(), found.hook(), model.tokenizer().identity(), found.text())));
  }

  private Optional<LogitScale> logitScale(ActivationStore store) {
    return source
        .map(Source::model)
        .filter(model -> model.config().unembed().isPresent())
        .filter(model -> model.config().dModel() == sae.dOut())
        .map(model ->
            new LogitScale(
                model,
                FinalScale.meanInverse(model, FinalScale.firstTokens(store, model, SCALE_TOKENS))));
  }

  private Optional<PeakAttribution> attribution(ActivationStore store) {
    return source
        .filter(from -> AttentionAttribution.isPossible(from.site()))
        .filter(_ -> !(sae instanceof NormalizedSae))
        .filter(from -> from.model().width(from.site()) == sae.dIn())
        .map(from ->
            new PeakAttribution(
                AttentionAttribution.of(from.model(), from.site(), sae), from.model(), store));
  }

  /** A language model and the mean of 1 / scale of its final norm. */
  record LogitScale(Transformer model, double meanInverse) {}

  /** Returns what an analysis holds, besides the autoencoder and the store. */
  public MemoryPlan plan() {
    MemoryPlan empty = MemoryPlan.empty("feature analysis (d_sae %d)".formatted(sae.dSae()));
    return EncodedBatch.plan(FeatureCollector.plan(empty, sae, config), sae, config.batchSize());
  }
}
