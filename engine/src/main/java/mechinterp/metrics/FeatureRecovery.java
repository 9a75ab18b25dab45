package mechinterp.metrics;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.tensor.FloatMatrix;

/**
 * How well the latents of an autoencoder are the features that synthetic activations were made of.
 *
 * <p>Each latent is judged as a detector of the true feature whose direction is nearest its decoder
 * row by absolute cosine: precision, recall and F1 of "the latent is active" for "the feature
 * fires", 0 where undefined, averaged over all latents. Besides these, directions alone: the mean
 * absolute cosine under the one-to-one matching that makes it largest (mean correlation
 * coefficient), and the share of latents whose nearest feature is nobody else's but for one of
 * them.
 *
 * <p>Source: SynthSAEBench, arXiv 2602.14687; sae_lens.synthetic 6.54, {@code
 * ClassificationMetricsCalculator}, {@code mean_correlation_coefficient}, {@code
 * feature_uniqueness}.
 */
public final class FeatureRecovery {
  private final int[] nearest;
  private final double matchedCosine;
  private final long[] hits;
  private final long[] active;
  private final long[] fires;

  /**
   * Mean over all latents, or shares of them.
   *
   * @param f1 harmonic mean of a latent's precision and recall
   * @param precision share of a latent's active tokens on which its feature fires
   * @param recall share of the tokens on which its feature fires that a latent is active on
   * @param matchedCosine mean absolute cosine of matched latents and features (MCC)
   * @param uniqueness number of different nearest features over the number of latents
   */
  public record Result(
      double f1, double precision, double recall, double matchedCosine, double uniqueness) {}

  /**
   * Finds the nearest feature of each latent and the best matching.
   *
   * @param device of both matrices
   * @param wDec decoder rows [d_sae, d_in]
   * @param directions the true features' unit directions [num_features, d_in]
   */
  public FeatureRecovery(Device device, FloatMatrix wDec, FloatMatrix directions) {
    float[][] cosines = absoluteCosines(device, wDec, directions);
    nearest = new int[cosines.length];
    for (int latent = 0; latent < nearest.length; latent++) {
      nearest[latent] = largest(cosines[latent]);
    }
    matchedCosine = matchedCosine(cosines);
    hits = new long[nearest.length];
    active = new long[nearest.length];
    fires = new long[directions.rows()];
  }

  /** Returns the number of the feature whose direction is nearest to each latent's. */
  public int[] nearestFeatures() {
    return nearest.clone();
  }

  static float[][] absoluteCosines(Device device, FloatMatrix wDec, FloatMatrix directions) {
    Kernels kernels = device.kernels();
    FloatMatrix unit = device.floats(1, wDec.cols());
    FloatMatrix row = device.floats(1, directions.rows());
    float[][] cosines = new float[wDec.rows()][directions.rows()];
    for (int latent = 0; latent < cosines.length; latent++) {
      kernels.normalizeRows(unit, wDec.row(latent));
      kernels.matmul(row, unit, Operand.AS_IS, directions, Operand.TRANSPOSED, Write.SET);
      device.download(cosines[latent], 0, row);
      for (int i = 0; i < directions.rows(); i++) {
        cosines[latent][i] = Math.abs(cosines[latent][i]);
      }
    }
    return cosines;
  }

  private static int largest(float[] values) {
    int largest = 0;
    for (int i = 1; i < values.length; i++) {
      largest = values[i] > values[largest] ? i : largest;
    }
    return largest;
  }

  private static double matchedCosine(float[][] cosines) {
    float[][] wide = cosines.length <= cosines[0].length ? cosines : transposed(cosines);
    int[] columns = OptimalMatching.of(wide);
    double sum = 0;
    for (int row = 0; row < wide.length; row++) {
      sum += wide[row][columns[row]];
    }
    return sum / wide.length;
  }

  private static float[][] transposed(float[][] rows) {
    float[][] columns = new float[rows[0].length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < columns.length; j++) {
        columns[j][i] = rows[i][j];
      }
    }
    return columns;
  }

  /**
   * Adds tokens.
   *
   * @param indices active latents, those of token t from {@code t * capacity} on
   * @param counts how many there are of each token
   * @param capacity places for a token's latents
   * @param fired the true features of the same tokens
   */
  public void add(int[] indices, int[] counts, int capacity, FiredFeatures fired) {
    boolean[] on = new boolean[fires.length];
    for (int t = 0; t < fired.activations(); t++) {
      Arrays.fill(on, false);
      for (int i = 0; i < fired.count(t); i++) {
        on[fired.feature(t, i)] = true;
        fires[fired.feature(t, i)]++;
      }
      for (int i = t * capacity; i < t * capacity + counts[t]; i++) {
        active[indices[i]]++;
        hits[indices[i]] += on[nearest[indices[i]]] ? 1 : 0;
      }
    }
  }

  /** Returns the figures of all tokens so far. */
  public Result result() {
    double precisions = 0;
    double recalls = 0;
    double f1s = 0;
    for (int latent = 0; latent < nearest.length; latent++) {
      double precision = share(hits[latent], active[latent]);
      double recall = share(hits[latent], fires[nearest[latent]]);
      precisions += precision;
      recalls += recall;
      f1s += precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }
    long different = Arrays.stream(nearest).distinct().count();
    return new Result(
        f1s / nearest.length,
        precisions / nearest.length,
        recalls / nearest.length,
        matchedCosine,
        share(different, nearest.length));
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
