package mechinterp.training;

import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * Activations made of known features: a mean plus {@code active} of {@code features} random unit
 * directions, each times a number in 1 to 2, plus noise. Token i is a function of the seed and i.
 */
final class KnownFeatures implements ActivationBatches {
  private static final double NOISE = 0.02;

  private final Device device;
  private final int dIn;
  private final int active;
  private final long seed;
  private final float[][] directions;
  private final float[] mean;
  private final RandomStream tokens;
  private long position;

  KnownFeatures(Device device, int dIn, int features, int active, long seed) {
    this.device = device;
    this.dIn = dIn;
    this.active = active;
    this.seed = seed;
    this.directions = unitDirections(RandomStream.of(seed, "directions"), features, dIn);
    this.mean = new float[dIn];
    RandomStream.of(seed, "mean").fillGaussian(mean, 0, 1);
    this.tokens = RandomStream.of(seed, "tokens");
  }

  private static float[][] unitDirections(RandomStream random, int features, int dIn) {
    float[][] directions = new float[features][dIn];
    for (int f = 0; f < features; f++) {
      random.fillGaussian(directions[f], (long) f * dIn, 1);
      double norm = 0;
      for (float value : directions[f]) {
        norm += value * value;
      }
      for (int j = 0; j < dIn; j++) {
        directions[f][j] /= (float) Math.sqrt(norm);
      }
    }
    return directions;
  }

  float[][] directions() {
    return directions;
  }

  float[] mean() {
    return mean;
  }

  @Override
  public int dIn() {
    return dIn;
  }

  @Override
  public String identity() {
    return "%d known features of seed %d".formatted(directions.length, seed);
  }

  @Override
  public void next(FloatMatrix batch) {
    float[] rows = new float[batch.rows() * dIn];
    for (int t = 0; t < batch.rows(); t++) {
      fill(rows, t * dIn, position++);
    }
    device.upload(batch, rows, 0);
  }

  private void fill(float[] rows, int offset, long token) {
    long draw = token * (2L * active + dIn);
    for (int j = 0; j < dIn; j++) {
      rows[offset + j] = mean[j] + (float) (NOISE * tokens.gaussian(draw++));
    }
    for (int a = 0; a < active; a++) {
      float[] direction = directions[tokens.below(draw++, directions.length)];
      double strength = 1 + tokens.uniform(draw++);
      for (int j = 0; j < dIn; j++) {
        rows[offset + j] += (float) (strength * direction[j]);
      }
    }
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void seek(long to) {
    position = to;
  }
}
