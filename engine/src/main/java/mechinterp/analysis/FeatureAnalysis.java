package mechinterp.analysis;

import java.util.function.IntConsumer;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Finds where the latents of an autoencoder are active: one pass over a store, in batches, with
 * memory that depends on the number of latents but not on the number of tokens.
 */
public final class FeatureAnalysis {
  private final Sae sae;
  private final FeatureAnalysisConfig config;

  private FeatureAnalysis(Sae sae, FeatureAnalysisConfig config) {
    this.sae = sae;
    this.config = config;
  }

  /**
   * Returns an analysis with default settings.
   *
   * @param sae an autoencoder for activations as the model makes them, as one is that was loaded or
   *     whose input scale was folded in
   */
  public static FeatureAnalysis of(Sae sae) {
    return new FeatureAnalysis(sae, FeatureAnalysisConfig.defaults());
  }

  /** Returns this analysis with other settings. */
  public FeatureAnalysis with(FeatureAnalysisConfig other) {
    return new FeatureAnalysis(sae, other);
  }

  /**
   * Goes through a store.
   *
   * @param store activations with their tokens; it must stay open while the report is asked for
   *     contexts
   * @throws IllegalArgumentException when its activations are not as wide as the autoencoder's
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
    int width = sae.config().rowWidth();
    if (store.dIn() != width) {
      throw new IllegalArgumentException(
          "%s: is %d wide, the autoencoder's %s is %d; they must be equal"
              .formatted(store.name(), store.dIn(), sae.config().rowWidthName(), width));
    }
    plan().requireFits(sae.device());
    LatentStatistics statistics = new LatentStatistics(sae.dSae());
    TopActivations top = new TopActivations(sae.dSae(), config.topContexts());
    int batchSize = Math.min(config.batchSize(), store.tokens());
    Batch batch = new Batch(sae, batchSize);
    for (int first = 0; first < store.tokens(); first += batchSize) {
      int rows = Math.min(batchSize, store.tokens() - first);
      batch.encode(store, first, rows);
      batch.addTo(statistics, top, first, store.origins(first, rows));
      progress.accept(first + rows);
    }
    return new FeatureReport(sae, store, config, statistics, top);
  }

  /** Returns what an analysis holds, besides the autoencoder and the store. */
  public MemoryPlan plan() {
    return MemoryPlan.empty("feature analysis (d_sae %d)".formatted(sae.dSae()))
        .with("statistics", LatentStatistics.bytes(sae.dSae()))
        .with("top activations", TopActivations.bytes(sae.dSae(), config.topContexts()))
        .withMatrix(
            "batch", config.batchSize(), 2L * (sae.config().rowWidth() + 2L * sae.maxActive()));
  }

  /** The codes of some rows of a store, on the host. */
  static final class Batch {
    private final Sae sae;
    private final float[] rows;
    private final FloatMatrix input;
    private final SparseCodes codes;
    private final int[] counts;
    private final int[] indices;
    private final float[] values;

    Batch(Sae sae, int capacity) {
      this.sae = sae;
      this.rows = new float[Math.multiplyExact(capacity, sae.config().rowWidth())];
      this.input = sae.device().floats(capacity, sae.config().rowWidth());
      this.codes = sae.newCodes(capacity);
      this.counts = new int[capacity];
      this.indices = new int[Math.multiplyExact(capacity, sae.maxActive())];
      this.values = new float[indices.length];
    }

    void encode(ActivationStore store, int first, int count) {
      Device device = sae.device();
      FloatMatrix x = input.rowRange(0, count);
      SparseCodes active = codes.rowRange(0, count);
      store.read(first, count, rows, 0);
      device.upload(x, rows, 0);
      sae.encode(active, sae.inputs(x));
      device.download(counts, 0, active.counts());
      device.download(indices, 0, active.indices());
      device.download(values, 0, active.values());
    }

    private void addTo(
        LatentStatistics statistics, TopActivations top, int first, TokenOrigins origins) {
      for (int t = 0; t < origins.size(); t++) {
        int from = t * codes.capacity();
        for (int i = from; i < from + counts[t]; i++) {
          statistics.add(indices[i], values[i]);
          top.add(indices[i], values[i], first + t, origins.document(t));
        }
      }
    }

    /** Returns the activation of a latent on a row of the batch; 0 when it is not active. */
    float activation(int row, int latent) {
      int from = row * codes.capacity();
      for (int i = from; i < from + counts[row]; i++) {
        if (indices[i] == latent) {
          return values[i];
        }
      }
      return 0;
    }
  }
}
