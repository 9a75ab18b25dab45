package mechinterp.experiments.comparison;

import java.util.List;
import java.util.Optional;
import mechinterp.experiments.run.SaeSettings;

/**
 * One of the things that are compared.
 *
 * @param name in tables and folder names: letters, digits, dots, hyphens
 * @param sae what is trained
 * @param tokens how many tokens it is trained on, where they are not those of the comparison: fewer
 *     for an arm that shall take no longer than a cheaper one
 * @param learningRates those that are tried, where they are not those of the comparison
 */
public record Arm(
    String name, SaeSettings sae, Optional<Long> tokens, Optional<List<Double>> learningRates) {
  /**
   * Checks the name and the learning rates.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public Arm {
    if (!name.matches("[A-Za-z0-9.-]+")) {
      throw new IllegalArgumentException(
          "arms.name: is \"%s\"; it must be of letters, digits, dots and hyphens".formatted(name));
    }
    learningRates = learningRates.map(List::copyOf);
    learningRates.ifPresent(rates -> ComparisonConfig.requireChoice("arms.learning_rates", rates));
  }

  /** An arm that is trained on the comparison's tokens. */
  public Arm(String name, SaeSettings sae) {
    this(name, sae, Optional.empty(), Optional.empty());
  }

  /** Returns the arm with another number of active latents. */
  Arm withK(int k) {
    return new Arm(name, sae.withK(k), tokens, learningRates);
  }

  /** Returns the arm as it is when the comparison's tokens become {@code factor} times as many. */
  Arm withTokens(double factor) {
    return new Arm(name, sae, tokens.map(number -> Math.round(number * factor)), learningRates);
  }

  /** Returns the arm with one learning rate, which needs no tuning. */
  Arm withLearningRate(double learningRate) {
    return new Arm(name, sae, tokens, Optional.of(List.of(learningRate)));
  }
}
