package mechinterp.synthetic;

import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.io.Json;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An endless row of synthetic activations, never the same twice. Activation n is a function of the
 * configuration and n alone, so training and test sets are ranges of numbers.
 */
public final class SyntheticActivations implements ActivationBatches {
  private static final int AT_ONCE = 2048;

  private final SyntheticConfig config;
  private final Device device;
  private final FeatureForest forest;
  private final FeatureSampler sampler;
  private final FloatMatrix directions;
  private final FloatMatrix bias;
  private long position;

  /** Makes the features' directions, which takes a while when they are pushed apart. */
  public SyntheticActivations(SyntheticConfig config, Device device) {
    this.config = config;
    this.device = device;
    this.forest = FeatureForest.of(config);
    this.sampler = new FeatureSampler(config, forest, drawProbabilities(config, forest));
    this.directions = FeatureDirections.of(config, device);
    this.bias = bias(config, device);
  }

  /** Returns how often each feature should fire, before the hierarchy takes any away. */
  static double[] wantedProbabilities(SyntheticConfig config) {
    SyntheticConfig.Zipf zipf = config.firing();
    double last = Math.pow(config.numFeatures(), -zipf.exponent());
    double[] wanted = new double[config.numFeatures()];
    for (int i = 0; i < wanted.length; i++) {
      double height =
          wanted.length == 1 ? 1 : (Math.pow(i + 1.0, -zipf.exponent()) - last) / (1 - last);
      wanted[i] = zipf.minProbability() + (zipf.maxProbability() - zipf.minProbability()) * height;
    }
    return wanted;
  }

  private static double[] drawProbabilities(SyntheticConfig config, FeatureForest forest) {
    double[] wanted = wantedProbabilities(config);
    boolean compensate =
        config.hierarchy().map(SyntheticConfig.Hierarchy::compensateProbabilities).orElse(false);
    return compensate ? forest.compensated(wanted) : wanted;
  }

  private static FloatMatrix bias(SyntheticConfig config, Device device) {
    float[] values = new float[config.dIn()];
    RandomStream.of(config.seed(), "bias").fillGaussian(values, 0, 1);
    FloatMatrix bias = device.matrix(1, values.length, values);
    device.kernels().normalizeRows(bias, bias);
    device.kernels().scale(bias, bias, (float) config.biasNorm());
    return bias;
  }

  /** Returns what is made. */
  public SyntheticConfig config() {
    return config;
  }

  /** Returns which feature depends on which. */
  public FeatureForest forest() {
    return forest;
  }

  /** Returns the true directions, unit rows [num_features, d_in]. */
  public FloatMatrix directions() {
    return directions;
  }

  /** Returns the true features of activations {@code first} to {@code first + count - 1}. */
  public FiredFeatures features(long first, int count) {
    return sampler.sample(first, count);
  }

  /** Fills {@code out} [count, d_in] with the activations that have these features. */
  public void write(FloatMatrix out, FiredFeatures fired) {
    int capacity = Math.max(1, fired.mostFired());
    int count = fired.activations();
    int[] indices = new int[count * capacity];
    float[] values = new float[count * capacity];
    int[] counts = new int[count];
    for (int t = 0; t < count; t++) {
      counts[t] = fired.count(t);
      fired.copyTo(t, indices, values, t * capacity);
    }
    IntMatrix indexMatrix = device.matrix(count, capacity, indices);
    SparseCodes codes =
        new SparseCodes(
            indexMatrix,
            device.matrix(count, capacity, values),
            device.matrix(count, 1, counts),
            config.numFeatures());
    device.kernels().decode(out, codes, directions, bias);
  }

  @Override
  public int dIn() {
    return config.dIn();
  }

  @Override
  public String identity() {
    return "synthetic " + Json.canonical(config);
  }

  @Override
  public void next(FloatMatrix batch) {
    for (int from = 0; from < batch.rows(); from += AT_ONCE) {
      int to = Math.min(batch.rows(), from + AT_ONCE);
      write(batch.rowRange(from, to), features(position + from, to - from));
    }
    position += batch.rows();
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void seek(long newPosition) {
    position = newPosition;
  }
}
