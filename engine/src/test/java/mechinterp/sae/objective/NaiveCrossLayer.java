package mechinterp.sae.objective;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.tensor.FloatMatrix;

/**
 * Weights and a batch of a cross-layer transcoder of three layers in double precision, straight
 * from its definition, layer by layer.
 */
final class NaiveCrossLayer {
  static final int LAYERS = 3;
  static final int D_MODEL = 4;
  static final int LATENTS = 5;
  static final int WIDTH = LAYERS * D_MODEL;
  static final int BATCH = 13;

  private final RandomStream random = RandomStream.of(3, "cross-layer");
  private long drawn;
  final double[][] x = matrix(BATCH, WIDTH, 1);
  final double[][] y = matrix(BATCH, WIDTH, 1);
  final double[][][] wEnc = new double[LAYERS][][];
  final double[][][] wDec = new double[LAYERS][][];
  final double[][] bEnc = matrix(1, LAYERS * LATENTS, 0.1);
  final double[][] bDec = matrix(1, WIDTH, 0.3);

  NaiveCrossLayer() {
    for (int layer = 0; layer < LAYERS; layer++) {
      wEnc[layer] = matrix(LATENTS, D_MODEL, 0.6);
      wDec[layer] = matrix(LATENTS, (LAYERS - layer) * D_MODEL, 0.5);
    }
  }

  private double[][] matrix(int rows, int cols, double scale) {
    double[][] values = new double[rows][cols];
    for (double[] row : values) {
      for (int j = 0; j < cols; j++) {
        row[j] = (float) (scale * random.gaussian(drawn++));
      }
    }
    return values;
  }

  double[][] preActivations() {
    double[][] z = new double[BATCH][LAYERS * LATENTS];
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < z[t].length; i++) {
        int layer = i / LATENTS;
        z[t][i] = bEnc[0][i];
        for (int j = 0; j < D_MODEL; j++) {
          z[t][i] += x[t][layer * D_MODEL + j] * wEnc[layer][i % LATENTS][j];
        }
      }
    }
    return z;
  }

  /** What activations f [tokens, latents of all layers] make at all layers. */
  double[][] made(double[][] f, boolean withBias) {
    double[][] out = new double[BATCH][WIDTH];
    for (int t = 0; t < BATCH; t++) {
      for (int target = 0; target < LAYERS; target++) {
        for (int j = 0; j < D_MODEL; j++) {
          int at = target * D_MODEL + j;
          out[t][at] = withBias ? bDec[0][at] : 0;
          for (int source = 0; source <= target; source++) {
            for (int i = 0; i < LATENTS; i++) {
              out[t][at] +=
                  f[t][source * LATENTS + i] * wDec[source][i][(target - source) * D_MODEL + j];
            }
          }
        }
      }
    }
    return out;
  }

  /** The norm of what a latent writes to all layers. */
  double norm(int latent) {
    double[] row = wDec[latent / LATENTS][latent % LATENTS];
    return Math.sqrt(Arrays.stream(row).map(each -> each * each).sum());
  }

  static double[][] differences(double[][] a, double[][] b) {
    double[][] out = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int j = 0; j < out[t].length; j++) {
        out[t][j] = a[t][j] - b[t][j];
      }
    }
    return out;
  }

  static double squares(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).map(each -> each * each).sum();
  }

  double variance() {
    double sum = 0;
    for (int j = 0; j < WIDTH; j++) {
      int column = j;
      double mean = Arrays.stream(y).mapToDouble(row -> row[column]).average().orElseThrow();
      sum += Arrays.stream(y).mapToDouble(row -> Math.pow(row[column] - mean, 2)).sum();
    }
    return sum;
  }

  /** Sets the weights of an autoencoder of these sizes. */
  void setInto(Sae sae) {
    for (SaeParameter parameter : sae.parameters()) {
      if (!parameter.name().equals("threshold")) {
        sae.device()
            .kernels()
            .copy(parameter.value(), NaivePoint.upload(sae.device(), point(parameter.name())));
      }
    }
    sae.weightsChanged();
  }

  /** Returns the numbers of a parameter themselves. */
  double[][] point(String parameter) {
    return switch (parameter) {
      case "b_enc" -> bEnc;
      case "b_dec" -> bDec;
      default -> {
        int layer = parameter.charAt(parameter.length() - 1) - '0';
        yield parameter.startsWith("W_enc_") ? wEnc[layer] : wDec[layer];
      }
    };
  }

  /** Returns the batch [tokens, x and y of all layers]. */
  FloatMatrix rows(Device device) {
    double[][] both = new double[BATCH][];
    for (int t = 0; t < BATCH; t++) {
      both[t] = Arrays.copyOf(x[t], 2 * WIDTH);
      System.arraycopy(y[t], 0, both[t], WIDTH, WIDTH);
    }
    return NaivePoint.upload(device, both);
  }
}
