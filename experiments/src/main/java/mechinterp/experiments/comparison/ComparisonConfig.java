package mechinterp.experiments.comparison;

import java.util.List;
import mechinterp.training.TrainConfig;

/**
 * What is compared, on which data, and how it is tuned: the content of a file such as {@code
 * configs/known-features.json}.
 *
 * @param data what it is compared on
 * @param train how every arm is trained, but for the learning rate and the seed
 * @param learningRates each arm is trained with each of them once, and keeps the one with the least
 *     FVU on the validation activations
 * @param tuningSeed of these runs; none of the seeds that are reported
 * @param seeds the reported runs of every arm: initial weights and training activations differ
 * @param arms the first one is what the others are compared with
 */
public record ComparisonConfig(
    ComparisonData data,
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
    requireSome("learning_rates", learningRates.size());
    requireSome("seeds", seeds.size());
    requireSome("arms", arms.size());
    requireDifferent("learning_rates", learningRates);
    requireDifferent("seeds", seeds);
    requireDifferent("arms.name", arms.stream().map(Arm::name).toList());
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

  private static void requireSome(String field, int number) {
    if (number < 1) {
      throw new IllegalArgumentException("%s: has none; it must have at least 1".formatted(field));
    }
  }

  private static void requireDifferent(String field, List<?> values) {
    if (values.stream().distinct().count() < values.size()) {
      throw new IllegalArgumentException(
          "%s: are %s; they must all differ".formatted(field, values));
    }
  }
}
