package mechinterp.analysis;

import mechinterp.device.MemoryPlan;
import mechinterp.sae.Sae;
import org.eclipse.collections.impl.map.mutable.primitive.IntLongHashMap;

/** What a pass over a store keeps of each latent; its size does not depend on the tokens. */
final class FeatureCollector {
  private final LatentStatistics statistics;
  private final TopActivations top;
  private final IntervalSamples intervals;
  private final SampledRows sampled;
  private final IntLongHashMap tokenCounts = new IntLongHashMap();
  private int documents;
  private int lastDocument = -1;

  FeatureCollector(Sae sae, FeatureAnalysisConfig config) {
    statistics = new LatentStatistics(sae.dSae());
    top = new TopActivations(sae.dSae(), config.topContexts());
    intervals = new IntervalSamples(sae.dSae(), config.intervals(), config.intervalSamples());
    sampled = new SampledRows(sae.dSae(), config.sampledTokens());
  }

  static MemoryPlan plan(MemoryPlan plan, Sae sae, FeatureAnalysisConfig config) {
    int latents = sae.dSae();
    return plan.with("statistics", LatentStatistics.bytes(latents))
        .with("top activations", TopActivations.bytes(latents, config.topContexts()))
        .with(
            "interval samples",
            IntervalSamples.bytes(latents, config.intervals(), config.intervalSamples()))
        .with("sampled tokens", SampledRows.bytes(latents, config.sampledTokens()));
  }

  /** Adds a row of a batch; rows come in rising order. */
  void add(EncodedBatch batch, int rowOfBatch, int row, int document, int tokenId) {
    tokenCounts.addToValue(tokenId, 1);
    documents += document == lastDocument ? 0 : 1;
    lastDocument = document;
    long number = sampled.number(row);
    batch.forEachActive(
        rowOfBatch,
        (latent, activation) -> {
          statistics.add(latent, activation);
          top.add(latent, activation, row, document);
          intervals.add(latent, activation, row);
          sampled.add(latent, row, number);
        });
  }

  int documents() {
    return documents;
  }

  LatentStatistics statistics() {
    return statistics;
  }

  TopActivations top() {
    return top;
  }

  IntervalSamples intervals() {
    return intervals;
  }

  SampledRows sampled() {
    return sampled;
  }

  IntLongHashMap tokenCounts() {
    return tokenCounts;
  }
}
