package mechinterp.experiments.run;

import java.util.Arrays;
import java.util.stream.Collectors;
import mechinterp.analysis.steering.Positions;

/** The names of places in a text that a model goes on with. */
public final class Places {
  private Places() {}

  /**
   * Returns the places of a name: {@code all}, {@code prompt}, {@code generated}, or numbers such
   * as {@code 3,4}, from 0 on.
   *
   * @param name what messages call the setting
   * @throws IllegalArgumentException when it is none
   */
  public static Positions of(String name, String places, int promptTokens) {
    return switch (places) {
      case "all" -> new Positions.Everywhere();
      case "prompt" -> new Positions.Before(promptTokens);
      case "generated" -> new Positions.From(promptTokens);
      default -> listed(name, places);
    };
  }

  private static Positions listed(String name, String places) {
    try {
      return new Positions.Listed(
          Arrays.stream(places.split(",", -1))
              .map(String::strip)
              .map(Integer::valueOf)
              .collect(Collectors.toSet()));
    } catch (NumberFormatException notANumber) {
      throw new IllegalArgumentException(
          "%s: is \"%s\"; expected all, prompt, generated or numbers such as 3,4"
              .formatted(name, places),
          notANumber);
    }
  }
}
