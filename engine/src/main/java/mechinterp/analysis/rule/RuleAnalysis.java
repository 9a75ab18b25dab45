package mechinterp.analysis.rule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.analysis.EncodedBatch;
import mechinterp.analysis.SampledRows;
import mechinterp.analysis.rule.RuleReport.LatentRules;
import mechinterp.device.MemoryPlan;
import mechinterp.sae.Sae;
import org.eclipse.collections.impl.map.mutable.primitive.LongIntHashMap;

/**
 * Finds for each latent a set of tokens and a set of n-grams on which it fires, on one half of the
 * documents, and scores them on the other. No reader and no language model judges; the scores say
 * how far a latent is a matter of single tokens or short phrases.
 *
 * <p>One pass encodes the store and keeps a uniform sample of each latent's tokens in each half; a
 * second one only counts patterns in the text.
 */
public final class RuleAnalysis {
  private final Sae sae;
  private final RuleConfig config;

  private RuleAnalysis(Sae sae, RuleConfig config) {
    this.sae = sae;
    this.config = config;
  }

  /**
   * Returns an analysis with default settings.
   *
   * @param sae an autoencoder for activations as the model makes them
   */
  public static RuleAnalysis of(Sae sae) {
    return new RuleAnalysis(sae, RuleConfig.defaults());
  }

  /** Returns this analysis with other settings. */
  public RuleAnalysis with(RuleConfig other) {
    return new RuleAnalysis(sae, other);
  }

  /** Returns what an analysis holds, besides the autoencoder and the store. */
  public MemoryPlan plan() {
    long latents = sae.dSae();
    long patterns = latents * config.mostPatterns() * PatternKey.LONGEST;
    MemoryPlan plan =
        MemoryPlan.empty("rules (d_sae %d)".formatted(sae.dSae()))
            .with("sampled tokens", 2 * SampledRows.bytes(sae.dSae(), config.sampledTokens()))
            .with("active tokens", 2 * latents * Long.BYTES)
            .with("at most, pattern counts", 4 * patterns * (Long.BYTES + Integer.BYTES));
    return EncodedBatch.plan(plan, sae, config.batchSize());
  }

  /**
   * Finds and scores rules.
   *
   * @param store activations with their tokens, of several documents
   * @throws IllegalArgumentException when its activations are not as wide as the autoencoder's, or
   *     one half has no document
   * @throws IllegalStateException when its activations came without their tokens
   */
  public RuleReport over(ActivationStore store) {
    return over(store, _ -> {});
  }

  /**
   * Finds and scores rules.
   *
   * @param progress hears how many tokens are encoded, after each batch
   */
  public RuleReport over(ActivationStore store, IntConsumer progress) {
    int width = sae.config().rowWidth();
    if (store.dIn() != width) {
      throw new IllegalArgumentException(
          "%s: is %d wide, the autoencoder's %s is %d; they must be equal"
              .formatted(store.name(), store.dIn(), sae.config().rowWidthName(), width));
    }
    Pass foundOn = new Pass(sae.dSae(), config);
    Pass scoredOn = new Pass(sae.dSae(), config);
    encode(store, foundOn, scoredOn, progress);
    TokenWalk walk = new TokenWalk(store);
    PatternCounts counts = new PatternCounts(tried(walk, foundOn));
    walk.forEach((document, patterns) -> counts.add(Half.of(config.seed(), document), patterns));
    requireBoth(store, counts);
    return rules(walk, foundOn, scoredOn, new RuleSearch(config, counts));
  }

  private static void requireBoth(ActivationStore store, PatternCounts counts) {
    for (Half half : Half.values()) {
      if (counts.tokens(half) == 0) {
        throw new IllegalArgumentException(
            "rules: all documents of %s are in one half; there must be more documents"
                .formatted(store.name()));
      }
    }
  }

  /** What is kept of a half. */
  private static final class Pass {
    private final SampledRows samples;
    private final long[] activeTokens;

    Pass(int latents, RuleConfig config) {
      samples = new SampledRows(latents, config.sampledTokens());
      activeTokens = new long[latents];
    }

    void add(EncodedBatch batch, int rowOfBatch, int row) {
      long number = samples.number(row);
      batch.forEachActive(
          rowOfBatch,
          (latent, _) -> {
            activeTokens[latent]++;
            samples.add(latent, row, number);
          });
    }

    RuleSearch.Firings firings(TokenWalk walk, int latent) {
      List<long[]> sampled = Arrays.stream(samples.of(latent)).mapToObj(walk::patterns).toList();
      return new RuleSearch.Firings(sampled, activeTokens[latent]);
    }
  }

  private void encode(ActivationStore store, Pass foundOn, Pass scoredOn, IntConsumer progress) {
    int batchSize = EncodedBatch.capacity(sae, Math.min(config.batchSize(), store.tokens()));
    EncodedBatch batch = new EncodedBatch(sae, batchSize);
    for (int first = 0; first < store.tokens(); first += batchSize) {
      int rows = Math.min(batchSize, store.tokens() - first);
      TokenOrigins origins = store.origins(first, rows);
      batch.encode(store, first, rows);
      for (int t = 0; t < rows; t++) {
        Half half = Half.of(config.seed(), origins.document(t));
        (half == Half.FOUND_ON ? foundOn : scoredOn).add(batch, t, first + t);
      }
      progress.accept(first + rows);
    }
  }

  private LongIntHashMap tried(TokenWalk walk, Pass foundOn) {
    LongIntHashMap tried = new LongIntHashMap();
    for (int latent = 0; latent < sae.dSae(); latent++) {
      List<long[]> sampled = foundOn.firings(walk, latent).sampled();
      for (long pattern : RuleSearch.tried(sampled, RuleKind.NGRAMS, config)) {
        tried.put(pattern, 0);
      }
    }
    return tried;
  }

  private RuleReport rules(TokenWalk walk, Pass foundOn, Pass scoredOn, RuleSearch search) {
    List<Optional<LatentRules>> rules = new ArrayList<>();
    for (int latent = 0; latent < sae.dSae(); latent++) {
      RuleSearch.Firings known = foundOn.firings(walk, latent);
      RuleSearch.Firings unseen = scoredOn.firings(walk, latent);
      rules.add(
          known.activeTokens() == 0 || unseen.activeTokens() == 0
              ? Optional.empty()
              : Optional.of(
                  new LatentRules(
                      search.search(RuleKind.TOKENS, known, unseen),
                      search.search(RuleKind.NGRAMS, known, unseen))));
    }
    return new RuleReport(rules);
  }
}
