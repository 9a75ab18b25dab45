package mechinterp.experiments.megabench;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.experiments.data.OpenedData;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.RealMatrix;

/** Makes the baselines from a sample of the training activations. */
final class Baselines {
  private static final int SAMPLE = 16_384;
  private static final int AT_ONCE = 1024;

  private final Device device;
  private final int dIn;
  private final float[] sample;

  private Baselines(Device device, int dIn, float[] sample) {
    this.device = device;
    this.dIn = dIn;
    this.sample = sample;
  }

  /** Reads the first activations that a seed trains on. */
  static Baselines of(OpenedData data, long seed, Device device) {
    OpenedData.Training training = data.training(seed);
    int dIn = data.dIn();
    float[] sample = new float[Math.multiplyExact(SAMPLE, dIn)];
    FloatMatrix batch = device.floats(AT_ONCE, dIn);
    for (int from = 0; from < SAMPLE; from += AT_ONCE) {
      training.batches().next(batch);
      device.download(sample, from * dIn, batch);
    }
    for (int i = 0; i < sample.length; i++) {
      sample[i] /= (float) training.scale();
    }
    return new Baselines(device, dIn, sample);
  }

  /**
   * Returns a baseline.
   *
   * @param dSae number of latents, where the baseline leaves it open
   * @param k active latents, where the baseline leaves it open
   */
  Sae make(Baseline baseline, int dSae, int k, long seed) {
    return switch (baseline) {
      case RANDOM -> random(dSae, k, seed);
      case PCA -> bothSigns(components(), mean(), k);
      case NEURONS -> bothSigns(identity(), mean(), k);
      case RAW -> bothSigns(identity(), new float[dIn], dIn);
    };
  }

  private Sae random(int dSae, int k, long seed) {
    Sae sae = Sae.allocate(device, new TopKConfig(dIn, dSae, k));
    float[] rows = new float[dSae * dIn];
    RandomStream.of(seed, "random dictionary").fillGaussian(rows, 0, 1);
    device.upload(sae.weights().wDec(), rows, 0);
    device.kernels().normalizeRows(sae.weights().wDec(), sae.weights().wDec());
    device.kernels().copy(sae.weights().wEnc(), sae.weights().wDec());
    device.upload(sae.weights().bDec(), mean(), 0);
    sae.weightsChanged();
    device.kernels().scale(sae.weights().wEnc(), sae.weights().wEnc(), (float) gain(sae));
    sae.weightsChanged();
    return sae;
  }

  /** Returns sum y . (x - mean) / sum |y|^2, y what the codes add to the mean. */
  private double gain(Sae sae) {
    float[] mean = mean();
    FloatMatrix x = device.floats(AT_ONCE, dIn);
    FloatMatrix made = device.floats(AT_ONCE, dIn);
    SparseCodes codes = sae.newCodes(AT_ONCE);
    double above = 0;
    double below = 0;
    for (int from = 0; from < SAMPLE; from += AT_ONCE) {
      device.upload(x, sample, from * dIn);
      sae.encode(codes, x);
      sae.decode(made, codes);
      float[] y = device.toHost(made);
      for (int i = 0; i < y.length; i++) {
        double part = y[i] - mean[i % dIn];
        above += part * (sample[from * dIn + i] - mean[i % dIn]);
        below += part * part;
      }
    }
    return below > 0 ? above / below : 1;
  }

  private float[] mean() {
    double[] sums = new double[dIn];
    for (int i = 0; i < sample.length; i++) {
      sums[i % dIn] += sample[i];
    }
    float[] mean = new float[dIn];
    for (int j = 0; j < dIn; j++) {
      mean[j] = (float) (sums[j] / SAMPLE);
    }
    return mean;
  }

  private float[][] identity() {
    float[][] rows = new float[dIn][dIn];
    for (int j = 0; j < dIn; j++) {
      rows[j][j] = 1;
    }
    return rows;
  }

  private float[][] components() {
    float[] mean = mean();
    double[][] covariance = new double[dIn][dIn];
    double[] row = new double[dIn];
    for (int from = 0; from < sample.length; from += dIn) {
      int first = from;
      Arrays.setAll(row, j -> sample[first + j] - mean[j]);
      for (int i = 0; i < dIn; i++) {
        for (int j = 0; j <= i; j++) {
          covariance[i][j] += row[i] * row[j] / SAMPLE;
        }
      }
    }
    for (int i = 0; i < dIn; i++) {
      for (int j = 0; j < i; j++) {
        covariance[j][i] = covariance[i][j];
      }
    }
    RealMatrix vectors =
        new EigenDecompositionSymmetric(new Array2DRowRealMatrix(covariance, false)).getV();
    float[][] rows = new float[dIn][dIn];
    for (int component = 0; component < dIn; component++) {
      for (int j = 0; j < dIn; j++) {
        rows[component][j] = (float) vectors.getEntry(j, component);
      }
    }
    return rows;
  }

  /** Returns an autoencoder with each direction and its opposite as latents. */
  private Sae bothSigns(float[][] directions, float[] centre, int k) {
    Sae sae = Sae.allocate(device, new TopKConfig(dIn, 2 * dIn, k));
    float[] rows = new float[2 * dIn * dIn];
    for (int i = 0; i < dIn; i++) {
      for (int j = 0; j < dIn; j++) {
        rows[2 * i * dIn + j] = directions[i][j];
        rows[(2 * i + 1) * dIn + j] = -directions[i][j];
      }
    }
    device.upload(sae.weights().wDec(), rows, 0);
    device.upload(sae.weights().wEnc(), rows, 0);
    device.upload(sae.weights().bDec(), centre, 0);
    sae.weightsChanged();
    return sae;
  }
}
