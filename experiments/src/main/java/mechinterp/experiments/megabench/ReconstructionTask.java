package mechinterp.experiments.megabench;

import java.util.Arrays;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.analysis.DecoderGeometry;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;

/**
 * Reconstruction, activity and geometry on test activations. Each token's share is computed on its
 * own in double precision, so no figure depends on the batches.
 */
final class ReconstructionTask {
  private static final int BLOCK = 256;
  private static final int CO_OCCURRENCE_TOKENS = 8192;
  private static final double DENSE = 0.1;

  private final ActivationStore store;
  private final int atOnce;
  private final int[] documents;
  private final double[] mean;

  /**
   * Reads the mean.
   *
   * @param atOnce tokens of a batch
   */
  ReconstructionTask(ActivationStore store, int atOnce) {
    this.store = store;
    this.atOnce = atOnce;
    this.documents = documents(store);
    this.mean = mean(store);
  }

  /** Returns each token's document; blocks of 256 where there are none. */
  private static int[] documents(ActivationStore store) {
    int[] documents = new int[store.tokens()];
    if (store.identity().isEmpty()) {
      Arrays.setAll(documents, token -> token / BLOCK);
    } else {
      TokenOrigins origins = store.origins(0, store.tokens());
      Arrays.setAll(documents, origins::document);
    }
    return documents;
  }

  private static double[] mean(ActivationStore store) {
    double[] mean = new double[store.dIn()];
    float[] row = new float[store.dIn()];
    for (int token = 0; token < store.tokens(); token++) {
      store.read(token, 1, row, 0);
      for (int j = 0; j < row.length; j++) {
        mean[j] += row[j];
      }
    }
    for (int j = 0; j < mean.length; j++) {
      mean[j] /= store.tokens();
    }
    return mean;
  }

  /** Measures. */
  void measure(Readings readings, Sae sae) {
    Pass pass = new Pass(sae.dSae());
    TestPass.over(sae, store, atOnce, pass::add);
    pass.write(readings);
    readings.putMean(Metric.NEAREST_COSINE, doubles(new DecoderGeometry(sae).nearestCosines()));
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  /** What is added up. */
  private final class Pass {
    private final Readings.Sums fvu = new Readings.Sums();
    private final Readings.Sums explained = new Readings.Sums();
    private final Readings.Sums tokenExplained = new Readings.Sums();
    private final Readings.Sums l0 = new Readings.Sums();
    private final Readings.Sums shrinkage = new Readings.Sums();
    private final long[] active;
    private final int[][] together;
    private final long[] activeOfSample;

    Pass(int dSae) {
      active = new long[dSae];
      activeOfSample = new long[dSae];
      together = new int[dSae][dSae];
    }

    void add(TestPass.Batch batch) {
      for (int t = 0; t < batch.tokens(); t++) {
        int token = batch.first() + t;
        addErrors(batch, t, documents[token]);
        int from = t * batch.capacity();
        int to = from + batch.counts()[t];
        l0.add(documents[token], batch.counts()[t], 1);
        for (int i = from; i < to; i++) {
          active[batch.indices()[i]]++;
        }
        if (token < CO_OCCURRENCE_TOKENS) {
          addPairs(batch.indices(), from, to);
        }
      }
    }

    private void addErrors(TestPass.Batch batch, int t, int document) {
      double error = 0;
      double deviation = 0;
      double norm = 0;
      double made = 0;
      for (int j = 0; j < mean.length; j++) {
        double x = batch.x()[t * mean.length + j];
        double y = batch.reconstruction()[t * mean.length + j];
        error += (x - y) * (x - y);
        deviation += (x - mean[j]) * (x - mean[j]);
        norm += x * x;
        made += y * y;
      }
      fvu.add(document, error, deviation);
      explained.add(document, deviation - error, deviation);
      if (deviation > 0) {
        tokenExplained.add(document, 1 - error / deviation, 1);
      }
      if (norm > 0) {
        shrinkage.add(document, Math.sqrt(made / norm), 1);
      }
    }

    private void addPairs(int[] indices, int from, int to) {
      for (int i = from; i < to; i++) {
        activeOfSample[indices[i]]++;
        for (int j = from; j < i; j++) {
          together[indices[i]][indices[j]]++;
          together[indices[j]][indices[i]]++;
        }
      }
    }

    void write(Readings readings) {
      readings.put(Metric.FVU, fvu);
      readings.put(Metric.EXPLAINED_VARIANCE, explained);
      readings.put(Metric.TOKEN_EXPLAINED_VARIANCE, tokenExplained);
      readings.put(Metric.L0, l0);
      readings.put(Metric.SHRINKAGE, shrinkage);
      double[] dead = new double[active.length];
      double[] dense = new double[active.length];
      double[] coOccurrence = new double[active.length];
      for (int f = 0; f < active.length; f++) {
        dead[f] = active[f] == 0 ? 1 : 0;
        dense[f] = active[f] > DENSE * documents.length ? 1 : 0;
        coOccurrence[f] = activeOfSample[f] == 0 ? Double.NaN : largestShare(f);
      }
      readings.putMean(Metric.DEAD_FRACTION, dead);
      readings.putMean(Metric.DENSE_FRACTION, dense);
      readings.putMean(Metric.CO_OCCURRENCE, coOccurrence);
    }

    private double largestShare(int latent) {
      double largest = 0;
      for (int other = 0; other < active.length; other++) {
        double both = together[latent][other];
        if (both > 0) {
          double either = activeOfSample[latent] + activeOfSample[other] - both;
          largest = Math.max(largest, both / either);
        }
      }
      return largest;
    }
  }
}
