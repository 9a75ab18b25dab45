package mechinterp.experiments.data;

import java.nio.file.Path;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.synthetic.SyntheticConfig;

/**
 * Activations whose features are known.
 *
 * @param activations how they are made
 * @param trainingActivations different activations of each seed; a longer training goes over them
 *     again in another order
 * @param validationTokens activations that the learning rate is chosen on
 * @param testTokens activations that are reported on
 */
public record SyntheticData(
    SyntheticConfig activations, int trainingActivations, int validationTokens, int testTokens)
    implements ActivationData {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SyntheticData {
    ActivationData.requirePositive("training_activations", trainingActivations);
    ActivationData.requirePositive("validation_tokens", validationTokens);
    ActivationData.requirePositive("test_tokens", testTokens);
  }

  @Override
  public OpenedData open(Path folder, Device device, Progress.Display display) {
    return new KnownParts(this, device);
  }

  @Override
  public SyntheticData withHook(String hook) {
    throw new IllegalArgumentException(
        "hook: is %s, but the data are synthetic; only a model has hooks".formatted(hook));
  }
}
