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
  private static final int MOST_PARTS = 16;

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
    List<Integer> sizes = new ArrayList<>();
    for (int parts = MOST_PARTS; parts >= 1; parts /= 2) {
      if (dSae / parts > (sizes.isEmpty() ? 0 : sizes.getLast())) {
        sizes.add(dSae / parts);
      }
    }
    return sizes.stream().map(latents -> new Prefix(latents, 1.0 / sizes.size())).toList();
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
