package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/**
 * Activations and weights in double precision that floats hold exactly, and what every naive loss
 * needs: straight from the definitions, with nothing shared with the engine.
 */
final class NaivePoint {
  /** Activations [batch][d_in]. */
  final double[][] x;

  /** A row for each latent. */
  final double[][] wEnc;

  final double[] bEnc;

  /** A row for each latent. */
  final double[][] wDec;

  final double[] bDec;

  /** Rows of further numbers of the latents, such as thresholds [..][d_sae]. */
  final double[][] latents;

  private NaivePoint(
      double[][] x,
      double[][] wEnc,
      double[] bEnc,
      double[][] wDec,
      double[] bDec,
      double[][] latents) {
    this.x = x;
    this.wEnc = wEnc;
    this.bEnc = bEnc;
    this.wDec = wDec;
    this.bDec = bDec;
    this.latents = latents;
  }

  /** Returns a random point whose encoder's biases are about {@code bias}. */
  static NaivePoint of(long seed, int batch, int dIn, int dSae, double bias, int latents) {
    RandomStream random = RandomStream.of(seed, "naive point");
    double[] bEnc = matrix(random, 2000, 1, dSae, 0.2)[0];
    for (int i = 0; i < dSae; i++) {
      bEnc[i] = (float) (bEnc[i] + bias);
    }
    return new NaivePoint(
        matrix(random, 0, batch, dIn, 1),
        matrix(random, 1000, dSae, dIn, 0.6),
        bEnc,
        matrix(random, 3000, dSae, dIn, 0.4),
        matrix(random, 4000, 1, dIn, 0.3)[0],
        matrix(random, 5000, latents, dSae, 0.1));
  }

  private static double[][] matrix(
      RandomStream random, long first, int rows, int cols, double deviation) {
    double[][] matrix = new double[rows][cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix[i][j] = (float) (deviation * random.gaussian(first + (long) i * cols + j));
      }
    }
    return matrix;
  }

  /** Returns z = (x - b_dec) W_enc + b_enc. */
  double[][] preActivations() {
    double[][] z = new double[x.length][bEnc.length];
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < bEnc.length; i++) {
        z[t][i] = bEnc[i];
        for (int j = 0; j < bDec.length; j++) {
          z[t][i] += (x[t][j] - bDec[j]) * wEnc[i][j];
        }
      }
    }
    return z;
  }

  /** Returns sum |x - f rows - bias|^2. */
  double squaredError(double[][] f, double[][] rows, double[] bias) {
    double sum = 0;
    for (int t = 0; t < x.length; t++) {
      for (int j = 0; j < bias.length; j++) {
        double error = x[t][j] - bias[j];
        for (int i = 0; i < rows.length; i++) {
          error -= f[t][i] * rows[i][j];
        }
        sum += error * error;
      }
    }
    return sum;
  }

  /** Returns |W_dec[i]|. */
  double norm(int i) {
    double square = 0;
    for (double value : wDec[i]) {
      square += value * value;
    }
    return Math.sqrt(square);
  }

  /** Returns what squared errors are divided by. */
  double divisor(LossNormalizer normalizer) {
    return normalizer == LossNormalizer.TOKENS ? x.length : NaiveTopK.variance(x);
  }

  /** Brings rows of numbers onto a device. */
  static FloatMatrix upload(Device device, double[]... rows) {
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return device.matrix(rows.length, rows[0].length, values);
  }

  /** Sets the weights of an autoencoder to those of this point. */
  <S extends Sae> S setInto(S sae) {
    Device device = sae.device();
    device.kernels().copy(sae.weights().wEnc(), upload(device, wEnc));
    device.kernels().copy(sae.weights().bEnc(), upload(device, bEnc));
    device.kernels().copy(sae.weights().wDec(), upload(device, wDec));
    device.kernels().copy(sae.weights().bDec(), upload(device, bDec));
    sae.weightsChanged();
    return sae;
  }
}
