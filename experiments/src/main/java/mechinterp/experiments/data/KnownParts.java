package mechinterp.experiments.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.tensor.FloatMatrix;

/**
 * Activations whose features are known, split by their numbers: first the validation activations,
 * then the test activations, and far behind them a range for each seed to train on.
 */
public final class KnownParts implements OpenedData {
  /** How many activations a batch of the held-out parts has, the last one fewer. */
  public static final int AT_ONCE = 1024;

  private static final long TRAINING = 1L << 32;

  private final SyntheticActivations activations;
  private final Device device;
  private final int trainingActivations;
  private final Part validation;
  private final Part test;
  private Optional<Drawn> training = Optional.empty();

  KnownParts(SyntheticData data, Device device) {
    this.activations = new SyntheticActivations(data.activations(), device);
    this.device = device;
    this.trainingActivations = data.trainingActivations();
    this.validation = new Part(0, data.validationTokens());
    this.test = new Part(data.validationTokens(), data.testTokens());
  }

  private record Drawn(long seed, ActivationStore store) {}

  /** Returns what makes the activations, and knows their directions. */
  public SyntheticActivations activations() {
    return activations;
  }

  @Override
  public int dIn() {
    return activations.dIn();
  }

  /** Those of the last seed are kept in memory. */
  @Override
  public Training training(long seed) {
    if (training.isEmpty() || training.get().seed() != seed) {
      training = Optional.of(new Drawn(seed, draw((seed + 1) * TRAINING, trainingActivations)));
    }
    return new Training(training.get().store().shuffled(device, seed), 1);
  }

  private ActivationStore draw(long first, int count) {
    int dIn = activations.dIn();
    float[] values = new float[Math.multiplyExact(count, dIn)];
    FloatMatrix batch = device.floats(AT_ONCE, dIn);
    activations.seek(first);
    for (int from = 0; from < count; from += AT_ONCE) {
      FloatMatrix part = batch.rowRange(0, Math.min(AT_ONCE, count - from));
      activations.next(part);
      device.download(values, from * dIn, part);
    }
    return ActivationStore.inMemory(dIn, values);
  }

  /** Returns the true features of the validation activations. */
  public List<FiredFeatures> validation() {
    return validation.batches();
  }

  /** Returns the true features of the test activations. */
  public List<FiredFeatures> test() {
    return test.batches();
  }

  /** Returns the test activations themselves. */
  public ActivationStore testStore() {
    return draw(test.first, test.count);
  }

  @Override
  public void close() {
    training.ifPresent(drawn -> drawn.store().close());
  }

  /** A range of numbers; what is drawn stays. */
  private final class Part {
    private final long first;
    private final int count;
    private final List<FiredFeatures> batches = new ArrayList<>();

    Part(long first, int count) {
      this.first = first;
      this.count = count;
    }

    List<FiredFeatures> batches() {
      for (int from = batches.size() * AT_ONCE; from < count; from += AT_ONCE) {
        batches.add(activations.features(first + from, Math.min(AT_ONCE, count - from)));
      }
      return batches;
    }
  }
}
