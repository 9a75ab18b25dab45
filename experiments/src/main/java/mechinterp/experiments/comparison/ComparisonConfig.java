package mechinterp.experiments.comparison;

import java.util.List;
import java.util.Map;
import mechinterp.experiments.data.ActivationData;
import mechinterp.training.TrainConfig;

/**
 * What is compared, on which data, and how it is tuned: the content of a file such as {@code
 * configs/known-features.json}.
 *
 * @param data what it is compared on
 * @param train how every arm is trained, but for the learning rate and the seed
 * @param learningRates each arm is trained with each of them once, and keeps the one with the least
 *     FVU on the validation activations; a single one is taken as it is
 * @param tuningSeed of these runs; none of the seeds that are reported
 * @param seeds the reported runs of every arm: initial weights and training activations differ
 * @param arms the first one is what the others are compared with
 */
public record ComparisonConfig(
    ActivationData data,
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
    requireChoice("learning_rates", learningRates);
    requireChoice("seeds", seeds);
    requireChoice("arms.name", arms.stream().map(Arm::name).toList());
    if (seeds.contains(tuningSeed)) {
      throw new IllegalArgumentException(
          "tuning_seed: is %d, which is one of seeds too; what was tuned on is not reported"
              .formatted(tuningSeed));
    }
  }

  /** Returns the comparison with so many active latents for every arm. */
  public ComparisonConfig withK(int k) {
    return new ComparisonConfig(
        data,
        train,
        learningRates,
        tuningSeed,
        seeds,
        arms.stream().map(arm -> arm.withK(k)).toList());
  }

  /**
   * Returns the comparison on another place in its model.
   *
   * @throws IllegalArgumentException when it is on no model
   */
  public ComparisonConfig withHook(String hook) {
    return new ComparisonConfig(data.withHook(hook), train, learningRates, tuningSeed, seeds, arms);
  }

  /**
   * Returns the comparison with so many tokens for every arm; arms that have a number of their own
   * keep its ratio to the others'.
   */
  public ComparisonConfig withTokens(long tokens) {
    double factor = (double) tokens / train.tokens();
    return new ComparisonConfig(
        data,
        train.toBuilder().tokens(tokens).build(),
        learningRates,
        tuningSeed,
        seeds,
        arms.stream().map(arm -> arm.withTokens(factor)).toList());
  }

  /**
   * Returns the comparison with the learning rates that another one of the same arms chose, so that
   * nothing is tuned.
   *
   * @throws IllegalArgumentException when an arm is not among them
   */
  public ComparisonConfig withLearningRates(Map<String, Double> chosen) {
    return new ComparisonConfig(
        data,
        train,
        learningRates,
        tuningSeed,
        seeds,
        arms.stream().map(arm -> arm.withLearningRate(rateOf(arm.name(), chosen))).toList());
  }

  private static double rateOf(String arm, Map<String, Double> chosen) {
    Double rate = chosen.get(arm);
    if (rate == null) {
      throw new IllegalArgumentException(
          "arms.name: is %s; learning rates were chosen for %s".formatted(arm, chosen.keySet()));
    }
    return rate;
  }

  /** Returns the learning rates that an arm is tried with. */
  List<Double> learningRates(Arm arm) {
    return arm.learningRates().orElse(learningRates);
  }

  static void requireChoice(String field, List<?> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("%s: has none; it must have at least 1".formatted(field));
    }
    if (values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException(
          "%s: are %s; they must all differ".formatted(field, values));
    }
  }
}
