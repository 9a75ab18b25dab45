package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;

/**
 * The first latents of a nested dictionary, which shall reconstruct by themselves.
 *
 * @param latents how many
 * @param weight of their reconstruction in the loss
 */
public record Prefix(int latents, double weight) {
  /**
   * Checks the weight.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public Prefix {
    Sizes.requirePositive("prefixes.latents", latents);
    if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "prefixes.weight: is %s; it must not be negative and must be finite".formatted(weight));
    }
  }

  /**
   * Returns prefixes of d_sae / 16, / 8, / 4, / 2 and d_sae latents, each of the same weight, all
   * weights together 1; fewer where d_sae is too small for all of them to differ.
   */
  public static List<Prefix> halvings(int dSae) {
    return halvings(dSae, 16, 1);
  }

  /**
   * Returns prefixes of d_sae / {@code first}, then twice as many each, up to d_sae latents, the
   * last with {@code last} times the weight of each other one, all weights together 1; fewer where
   * d_sae is too small for all of them to differ.
   */
  static List<Prefix> halvings(int dSae, int first, double last) {
    List<Integer> sizes = new ArrayList<>();
    for (int parts = first; parts >= 1; parts /= 2) {
      if (dSae / parts > (sizes.isEmpty() ? 0 : sizes.getLast())) {
        sizes.add(dSae / parts);
      }
    }
    double all = sizes.size() - 1 + last;
    return sizes.stream()
        .map(latents -> new Prefix(latents, latents == dSae ? last / all : 1 / all))
        .toList();
  }

  /** Checks that prefixes rise to all latents, the last with a weight above 0. */
  static void require(List<Prefix> prefixes, int dSae) {
    int before = 0;
    for (Prefix prefix : prefixes) {
      if (prefix.latents() <= before) {
        throw new IllegalArgumentException(
            "prefixes: %d latents come after %d; they must rise"
                .formatted(prefix.latents(), before));
      }
      before = prefix.latents();
    }
    if (before != dSae) {
      throw new IllegalArgumentException(
          "prefixes: the last has %d latents, d_sae is %d; they must be equal"
              .formatted(before, dSae));
    }
    if (prefixes.getLast().weight() == 0) {
      throw new IllegalArgumentException(
          "prefixes.weight: the last is 0; it must be positive, or latents have no gradient");
    }
  }
}
