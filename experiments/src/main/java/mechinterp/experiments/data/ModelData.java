package mechinterp.experiments.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.activation.OutlierLimit;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.text.TextSettings;

/**
 * Activations of a model. The held-out documents are divided into those that are chosen on and
 * those that are reported on.
 *
 * @param model name, folder or file of the model
 * @param hook where its activations are taken
 * @param text what it reads
 * @param maxContext most tokens that the model sees at once, special ones included
 * @param trainingActivations most activations to train on
 * @param validationTokens most activations that the learning rate and detectors are chosen on
 * @param testTokens most activations that are reported on
 * @param splicedTexts documents of the test part that a language model reads with reconstructions
 *     spliced in
 * @param frequentTokens how many of the most frequent tokens single latents shall detect
 * @param probedEntries how many dictionary entries of each subject are told apart by few latents
 * @param normalizeActivations what activations are multiplied with while training
 * @param maxActivationNorm if given, tokens whose activations are longer than so many times the
 *     median norm of those to train on are neither trained nor reported on, and keep their
 *     activations where reconstructions are spliced in
 */
public record ModelData(
    String model,
    String hook,
    TextSettings text,
    int maxContext,
    int trainingActivations,
    int validationTokens,
    int testTokens,
    int splicedTexts,
    int frequentTokens,
    int probedEntries,
    Normalization.Method normalizeActivations,
    Optional<Double> maxActivationNorm)
    implements ActivationData {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public ModelData {
    ActivationData.requirePositive("max_context", maxContext);
    ActivationData.requirePositive("training_activations", trainingActivations);
    ActivationData.requirePositive("validation_tokens", validationTokens);
    ActivationData.requirePositive("test_tokens", testTokens);
    ActivationData.requirePositive("spliced_texts", splicedTexts);
    ActivationData.requirePositive("frequent_tokens", frequentTokens);
    ActivationData.requirePositive("probed_entries", probedEntries);
    maxActivationNorm.ifPresent(OutlierLimit::requireMultiple);
  }

  @Override
  public OpenedData open(Path folder, Device device, Progress.Display display) throws IOException {
    return ModelParts.open(this, folder, device, display);
  }

  @Override
  public ModelData withHook(String other) {
    return new ModelData(
        model,
        other,
        text,
        maxContext,
        trainingActivations,
        validationTokens,
        testTokens,
        splicedTexts,
        frequentTokens,
        probedEntries,
        normalizeActivations,
        maxActivationNorm);
  }
}
