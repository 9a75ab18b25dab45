package mechinterp.experiments.comparison;

import java.util.List;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.training.TrainConfig;

/**
 * What is compared, on which data, and how it is tuned: the content of a file such as {@code
 * configs/known-features.json}.
 *
 * @param activations the data, whose features are known
 * @param trainingActivations different activations of each seed; a longer training goes over them
 *     again in another order
 * @param validationTokens activations that the learning rate is chosen on
 * @param testTokens activations that are reported on
 * @param train how every arm is trained, but for the learning rate and the seed
 * @param learningRates each arm is trained with each of them once, and keeps the one with the least
 *     FVU on the validation activations
 * @param tuningSeed of these runs; none of the seeds that are reported
 * @param seeds the reported runs of every arm: initial weights and training activations differ
 * @param arms the first one is what the others are compared with
 */
public record ComparisonConfig(
    SyntheticConfig activations,
    int trainingActivations,
    int validationTokens,
    int testTokens,
    TrainConfig train,
    List<Double> learningRates,
    long tuningSeed,
    List<Long> seeds,
    List<Arm> arms) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public ComparisonConfig {
    learningRates = List.copyOf(learningRates);
    seeds = List.copyOf(seeds);
    arms = List.copyOf(arms);
    requirePositive("training_activations", trainingActivations);
    requirePositive("validation_tokens", validationTokens);
    requirePositive("test_tokens", testTokens);
    requirePositive("learning_rates", learningRates.size());
    requirePositive("seeds", seeds.size());
    requirePositive("arms", arms.size());
    requireDifferent("learning_rates", learningRates);
    requireDifferent("seeds", seeds);
    requireDifferent("arms.name", arms.stream().map(Arm::name).toList());
    if (seeds.contains(tuningSeed)) {
      throw new IllegalArgumentException(
          "tuning_seed: is %d, which is one of seeds too; what was tuned on is not reported"
              .formatted(tuningSeed));
    }
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d or has so many; it must be at least 1".formatted(field, value));
    }
  }

  private static void requireDifferent(String field, List<?> values) {
    if (values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException(
          "%s: are %s; they must all differ".formatted(field, values));
    }
  }
}
