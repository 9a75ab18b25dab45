package mechinterp.sae;

import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/** An autoencoder with random weights, none of them special. */
public final class RandomSae {
  private RandomSae() {}

  public static TopKSae of(Device device, TopKConfig config, long seed) {
    TopKSae sae = TopKSae.allocate(device, config);
    RandomStream random = RandomStream.of(seed, "weights");
    fill(device, sae.weights().wEnc(), random, 0);
    fill(device, sae.weights().bEnc(), random, 1_000_000);
    fill(device, sae.weights().wDec(), random, 2_000_000);
    fill(device, sae.weights().bDec(), random, 3_000_000);
    sae.weightsChanged();
    return sae;
  }

  public static void fill(Device device, FloatMatrix matrix, RandomStream random, long first) {
    float[] values = new float[(int) matrix.size()];
    random.fillGaussian(values, first, 0.5);
    device.upload(matrix, values, 0);
  }

  public static FloatMatrix activations(Device device, int rows, int cols, long seed) {
    FloatMatrix x = device.floats(rows, cols);
    fill(device, x, RandomStream.of(seed, "activations"), 0);
    return x;
  }
}
