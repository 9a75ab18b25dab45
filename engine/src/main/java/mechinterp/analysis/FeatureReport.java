package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.metrics.LatentDensity;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/**
 * What an analysis found. Statistics and peaks are kept; contexts and neighbours are computed when
 * they are asked for, from the store and the autoencoder.
 */
public final class FeatureReport {
  private static final Comparator<CoOccurrence> MOST_TELLING_FIRST =
      Comparator.comparingDouble(CoOccurrence::information)
          .reversed()
          .thenComparing(CoOccurrence::latent);

  private final Sae sae;
  private final ActivationStore store;
  private final FeatureAnalysisConfig config;
  private final FeatureCollector collected;
  private final Optional<FeatureAnalysis.LogitScale> logitScale;
  private final Optional<PeakAttribution> attribution;
  private final LatentDensity density;
  private final float[] encoderDecoderCosines;

  FeatureReport(
      Sae sae,
      ActivationStore store,
      FeatureAnalysisConfig config,
      FeatureCollector collected,
      Optional<FeatureAnalysis.LogitScale> logitScale,
      Optional<PeakAttribution> attribution) {
    this.sae = sae;
    this.store = store;
    this.config = config;
    this.collected = collected;
    this.logitScale = logitScale;
    this.attribution = attribution;
    this.density = new LatentDensity(collected.statistics().activeTokens(), store.tokens());
    this.encoderDecoderCosines = new DecoderGeometry(sae).encoderDecoderCosines();
  }

  /** Returns the number of tokens that were gone through. */
  public int tokens() {
    return store.tokens();
  }

  /** Returns the number of documents that the tokens are of. */
  public int documents() {
    return collected.documents();
  }

  /** Returns the number of latents, d_sae. */
  public int latents() {
    return sae.dSae();
  }

  /** Returns the width of the decoder's rows, d_out. */
  public int dOut() {
    return sae.dOut();
  }

  /** Returns how often each latent is active. */
  public LatentDensity density() {
    return density;
  }

  /**
   * Returns how a latent behaves.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public LatentProfile profile(int latent) {
    requireLatent(latent);
    return new LatentProfile(
        latent,
        density.activeTokens(latent),
        density.of(latent),
        collected.statistics().mean(latent),
        collected.statistics().max(latent),
        encoderDecoderCosines[latent]);
  }

  /** Returns the sizes of a latent's activations. */
  public ActivationHistogram histogram(int latent) {
    requireLatent(latent);
    return collected.statistics().histogram(latent);
  }

  /**
   * Returns the strongest tokens of a latent, the strongest first, each in a document of its own,
   * equal ones in the order of the store.
   */
  public List<Peak> peaks(int latent) {
    requireLatent(latent);
    return collected.top().of(latent);
  }

  /**
   * Returns the text around the strongest tokens of a latent, in the order of {@link #peaks}, with
   * the latent's activation on every token, for which the rows are encoded again.
   */
  public List<FeatureContext> contexts(int latent) {
    return contexts(peaks(latent).stream().map(peak -> new LatentPeak(latent, peak)).toList());
  }

  /**
   * Returns the text around tokens, each with its latent's activation on every token, in the order
   * of {@code places}. Rows that several contexts need are encoded once.
   */
  public List<FeatureContext> contexts(List<LatentPeak> places) {
    places.forEach(place -> requireLatent(place.latent()));
    return new ContextReader(sae, store, config).read(places);
  }

  /**
   * Returns any token as a place for {@link #contexts(List)}, with activation 0.
   *
   * @throws IndexOutOfBoundsException when there is no such row
   */
  public Peak place(int row) {
    return new Peak(row, store.origins(row, 1).document(0), 0);
  }

  /**
   * Returns samples of a latent's tokens from intervals of its activation, half an octave each, the
   * strongest first; the last interval has all that is smaller. Intervals without a token are left
   * out.
   */
  public List<ActivationInterval> intervals(int latent) {
    return collected.intervals().of(latent, histogram(latent), store);
  }

  /**
   * Returns the tokens before, on and after a latent's activations.
   *
   * @param most tokens of each place
   */
  public FeatureTokens tokens(int latent, int most) {
    requireLatent(latent);
    return new TokenCounter(store, collected.tokenCounts())
        .count(collected.sampled().of(latent), most);
  }

  /**
   * Returns for each of some latents the others that it tells most about: by P(j | i) ln (P(j | i)
   * / P(j)), of equal ones the first.
   *
   * @param most others of a latent
   */
  public List<List<CoOccurrence>> coOccurrences(List<Integer> latents, int most) {
    latents.forEach(this::requireLatent);
    List<List<CoOccurrence>> found = new ArrayList<>();
    coOccurrences()
        .forEach(
            latents,
            (_, all) -> found.add(all.stream().sorted(MOST_TELLING_FIRST).limit(most).toList()));
    return found;
  }

  /** Returns the families of latents that split from others, by root; it goes through all. */
  public List<LatentFamily> families(LatentFamily.Rule rule) {
    LatentFamilies families = new LatentFamilies(density, rule);
    coOccurrences().forEach(IntStream.range(0, latents()).boxed().toList(), families::add);
    return families.find(new DecoderGeometry(sae));
  }

  private CoOccurrences coOccurrences() {
    int batchSize = EncodedBatch.capacity(sae, config.batchSize());
    return new CoOccurrences(sae, store, collected.sampled(), density, batchSize);
  }

  /** Returns the latents that are active on no token. */
  public List<Integer> dead() {
    return IntStream.range(0, latents())
        .filter(latent -> density.activeTokens(latent) == 0)
        .boxed()
        .toList();
  }

  /**
   * Returns the latents that are active on at least this share of the tokens, the densest first.
   */
  public List<Integer> dense(double share) {
    return IntStream.range(0, latents())
        .filter(latent -> density.of(latent) >= share)
        .boxed()
        .sorted(Comparator.comparingLong(density::activeTokens).reversed())
        .toList();
  }

  /** Returns the {@code count} latents with the most similar decoder rows, for each of some. */
  public List<List<Neighbour>> neighbours(List<Integer> latents, int count) {
    return new DecoderGeometry(sae).neighbours(latents, count);
  }

  /** Returns the {@code count} latents with the most similar encoder rows, for each of some. */
  public List<List<Neighbour>> encoderNeighbours(List<Integer> latents, int count) {
    return new DecoderGeometry(sae).encoderNeighbours(latents, count);
  }

  /**
   * Returns whether {@link #logitEffects(List, int)} has an answer: the analysis knew a language
   * model, and the decoder writes into its residual stream.
   */
  public boolean hasLogitEffects() {
    return logitScale.isPresent();
  }

  /**
   * Returns what the decoder rows of latents do to the model's logits by themselves, in logits for
   * an activation of 1: with the mean over tokens of 1 / the final norm's scale.
   *
   * @param count how many tokens to name, on each side
   * @throws IllegalStateException when {@link #hasLogitEffects} is false
   */
  public List<LogitEffect> logitEffects(List<Integer> latents, int count) {
    FeatureAnalysis.LogitScale scale =
        logitScale.orElseThrow(() ->
            new IllegalStateException(
                "logit effects: need an analysis of a language model's residual stream"));
    return logitEffects(scale.model(), latents, count).stream()
        .map(effect -> effect.times(scale.meanInverse()))
        .toList();
  }

  /**
   * Returns what the decoder rows of latents do to a model's logits by themselves.
   *
   * @param model a language model whose residual stream the autoencoder reconstructs a part of
   * @param count how many tokens to name, on each side
   */
  public List<LogitEffect> logitEffects(Transformer model, List<Integer> latents, int count) {
    Device device = sae.device();
    FloatMatrix rows = device.floats(latents.size(), sae.dOut());
    for (int i = 0; i < latents.size(); i++) {
      requireLatent(latents.get(i));
      device.kernels().copy(rows.row(i), sae.weights().wDec().row(latents.get(i)));
    }
    return LogitEffect.of(model, rows, count);
  }

  /**
   * Returns whether {@link #attributions} has an answer: the analysis knew the model, and the
   * autoencoder is of what attention makes and linear up to its activation function.
   */
  public boolean hasAttributions() {
    return attribution.isPresent();
  }

  /**
   * Returns from where attention brings what a latent reads on its strongest tokens, in the order
   * of {@link #peaks}: the model runs again on each document up to there.
   *
   * @param most tokens
   * @throws IllegalStateException when {@link #hasAttributions} is false
   */
  public List<AttributedPeak> attributions(int latent, int most) {
    PeakAttribution found =
        attribution.orElseThrow(() ->
            new IllegalStateException(
                "attributions: need an analysis of what a model's attention makes"));
    return peaks(latent).stream().limit(most).map(peak -> found.of(latent, peak)).toList();
  }

  /** Returns how many contexts of a latent there are at most. */
  public int topContexts() {
    return config.topContexts();
  }

  ActivationStore store() {
    return store;
  }

  /** Returns how often a token is in the store. */
  long tokenCount(int id) {
    return collected.tokenCounts().get(id);
  }

  private void requireLatent(int latent) {
    if (latent < 0 || latent >= sae.dSae()) {
      throw new IllegalArgumentException(
          "latent: is %d; it must lie within 0 to %d".formatted(latent, sae.dSae() - 1));
    }
  }
}
