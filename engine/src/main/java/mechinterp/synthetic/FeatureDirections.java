package mechinterp.synthetic;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.optim.Adam;
import mechinterp.optim.AdamConfig;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * The directions v_i of the true features: unit rows of random direction, pushed apart by Adam on
 *
 * <pre>
 *   sum over i, j other than i of (v_i . v_j)^2  +  num_features sum over i of (v_i . v_i - 1)^2
 * </pre>
 *
 * and scaled to norm 1 again. Source: sae_lens.synthetic 6.54, {@code orthogonalize_embeddings}.
 */
final class FeatureDirections {
  private static final int ROWS_AT_ONCE = 512;
  private static final AdamConfig ADAM = new AdamConfig(0.9, 0.999, 1e-8);

  private FeatureDirections() {}

  /** Returns V [num_features, d_in] on the device. */
  static FloatMatrix of(SyntheticConfig config, Device device) {
    FloatMatrix directions = random(config, device);
    config
        .orthogonalization()
        .ifPresent(settings -> {
          Overlap overlap =
              Workspace.allocate("feature directions", device, w -> new Overlap(w, directions));
          for (int step = 1; step <= settings.steps(); step++) {
            overlap.step(step, settings.learningRate());
          }
          device.kernels().normalizeRows(directions, directions);
        });
    return directions;
  }

  private static FloatMatrix random(SyntheticConfig config, Device device) {
    RandomStream numbers = RandomStream.of(config.seed(), "directions");
    FloatMatrix directions = device.floats(config.numFeatures(), config.dIn());
    float[] row = new float[config.dIn()];
    for (int i = 0; i < config.numFeatures(); i++) {
      numbers.fillGaussian(row, (long) i * row.length, 1);
      device.upload(directions.row(i), row, 0);
    }
    device.kernels().normalizeRows(directions, directions);
    return directions;
  }

  /** The gradient of the overlaps, some rows at a time: dL/dv_i = 4 (sum over j of c_ij v_j). */
  private static final class Overlap {
    private final Kernels kernels;
    private final Device device;
    private final FloatMatrix directions;
    private final FloatMatrix gradient;
    private final FloatMatrix dots;
    private final Adam adam;
    private final float[] diagonal = new float[1];

    Overlap(Workspace workspace, FloatMatrix directions) {
      this.device = workspace.device();
      this.kernels = device.kernels();
      this.directions = directions;
      int features = directions.rows();
      gradient = workspace.floats("gradient", features, directions.cols());
      dots = workspace.floats("overlaps", Math.min(ROWS_AT_ONCE, features), features);
      adam = new Adam(workspace, "directions", directions);
    }

    void step(int step, double learningRate) {
      int features = directions.rows();
      for (int from = 0; from < features; from += dots.rows()) {
        int to = Math.min(features, from + dots.rows());
        FloatMatrix some = dots.rowRange(0, to - from);
        kernels.matmul(
            some,
            directions.rowRange(from, to),
            Operand.AS_IS,
            directions,
            Operand.TRANSPOSED,
            Write.SET);
        for (int i = from; i < to; i++) {
          pullDiagonal(some.row(i - from).columnRange(i, i + 1), features);
        }
        kernels.matmul(
            gradient.rowRange(from, to), some, Operand.AS_IS, directions, Operand.AS_IS, Write.SET);
      }
      kernels.scale(gradient, gradient, 4);
      adam.step(gradient, ADAM.at(step, learningRate));
    }

    /** c_ii = num_features (v_i . v_i - 1). */
    private void pullDiagonal(FloatMatrix dot, int features) {
      device.download(diagonal, 0, dot);
      diagonal[0] = features * (diagonal[0] - 1);
      device.upload(dot, diagonal, 0);
    }
  }
}
