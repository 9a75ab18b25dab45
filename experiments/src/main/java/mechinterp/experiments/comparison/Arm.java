package mechinterp.experiments.comparison;

import mechinterp.experiments.run.SaeSettings;

/**
 * One of the things that are compared.
 *
 * @param name in tables and file names: letters, digits, dots, hyphens
 * @param sae what is trained
 */
public record Arm(String name, SaeSettings sae) {
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
}
