package mechinterp.training;

import mechinterp.sae.SaeConfig;

/**
 * One of several autoencoders that are trained in one pass.
 *
 * @param name by which it is known; letters, digits, dots, hyphens and underscores, as it may name
 *     a folder
 * @param sae its kind and size
 * @param train how it is trained
 */
public record SweepMember(String name, SaeConfig sae, TrainConfig train) {
  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SweepMember {
    if (!name.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "name: is \"%s\"; it must consist of letters, digits, dots, hyphens and underscores and not begin with a dot"
              .formatted(name));
    }
  }
}
