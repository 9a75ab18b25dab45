package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.analysis.FeatureContext.ContextToken;
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
  private final Sae sae;
  private final ActivationStore store;
  private final FeatureAnalysisConfig config;
  private final LatentStatistics statistics;
  private final TopActivations top;
  private final LatentDensity density;
  private final float[] encoderDecoderCosines;

  FeatureReport(
      Sae sae,
      ActivationStore store,
      FeatureAnalysisConfig config,
      LatentStatistics statistics,
      TopActivations top) {
    this.sae = sae;
    this.store = store;
    this.config = config;
    this.statistics = statistics;
    this.top = top;
    this.density = new LatentDensity(statistics.activeTokens(), store.tokens());
    this.encoderDecoderCosines = new DecoderGeometry(sae).encoderDecoderCosines();
  }

  /** Returns the number of tokens that were gone through. */
  public int tokens() {
    return store.tokens();
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
        statistics.mean(latent),
        statistics.max(latent),
        encoderDecoderCosines[latent]);
  }

  /** Returns the sizes of a latent's activations. */
  public ActivationHistogram histogram(int latent) {
    requireLatent(latent);
    return statistics.histogram(latent);
  }

  /**
   * Returns the strongest tokens of a latent, the strongest first, each in a document of its own,
   * equal ones in the order of the store.
   */
  public List<Peak> peaks(int latent) {
    requireLatent(latent);
    return top.of(latent);
  }

  /**
   * Returns the text around the strongest tokens of a latent, in the order of {@link #peaks}, with
   * the latent's activation on every token, for which the rows are encoded again.
   */
  public List<FeatureContext> contexts(int latent) {
    List<FeatureContext> contexts = new ArrayList<>();
    FeatureAnalysis.Batch batch =
        new FeatureAnalysis.Batch(sae, config.tokensBefore() + 1 + config.tokensAfter());
    for (Peak peak : peaks(latent)) {
      Window window = Window.around(store, peak, config);
      batch.encode(store, window.first(), window.size());
      List<ContextToken> tokens = new ArrayList<>();
      for (int i = 0; i < window.size(); i++) {
        tokens.add(new ContextToken(window.tokenIds().get(i), batch.activation(i, latent)));
      }
      contexts.add(new FeatureContext(peak.document(), tokens, window.peak()));
    }
    return contexts;
  }

  /** Returns the {@code count} latents with the most similar decoder rows, for each of some. */
  public List<List<Neighbour>> neighbours(List<Integer> latents, int count) {
    return new DecoderGeometry(sae).neighbours(latents, count);
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

  /** Returns how many contexts of a latent there are at most. */
  public int topContexts() {
    return config.topContexts();
  }

  ActivationStore store() {
    return store;
  }

  private void requireLatent(int latent) {
    if (latent < 0 || latent >= sae.dSae()) {
      throw new IllegalArgumentException(
          "latent: is %d; it must lie within 0 to %d".formatted(latent, sae.dSae() - 1));
    }
  }
}
