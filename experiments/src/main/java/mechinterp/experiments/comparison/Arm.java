package mechinterp.experiments.comparison;

import java.util.Optional;
import mechinterp.experiments.run.SaeSettings;

/**
 * One of the things that are compared.
 *
 * @param name in tables and folder names: letters, digits, dots, hyphens
 * @param sae what is trained
 * @param tokens how many tokens it is trained on, where they are not those of the comparison: fewer
 *     for an arm that shall take no longer than a cheaper one
 */
public record Arm(String name, SaeSettings sae, Optional<Long> tokens) {
  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public Arm {
    if (!name.matches("[A-Za-z0-9.-]+")) {
      throw new IllegalArgumentException(
          "arms.name: is \"%s\"; it must be of letters, digits, dots and hyphens".formatted(name));
    }
  }

  /** An arm that is trained on the comparison's tokens. */
  public Arm(String name, SaeSettings sae) {
    this(name, sae, Optional.empty());
  }

  /** Returns the arm with another number of active latents. */
  Arm withK(int k) {
    return new Arm(name, sae.withK(k), tokens);
  }

  /** Returns the arm as it is when the comparison's tokens become {@code factor} times as many. */
  Arm withTokens(double factor) {
    return new Arm(name, sae, tokens.map(number -> Math.round(number * factor)));
  }
}
