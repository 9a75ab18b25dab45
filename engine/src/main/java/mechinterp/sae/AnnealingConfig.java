package mechinterp.sae;

import mechinterp.kernel.PenaltyShape;

/**
 * The course of the exponent p of the penalty sum of (f + epsilon)^p - epsilon^p. With s the share
 * of the steps that are done, p falls in {@code updates} equal parts:
 *
 * <pre>
 *   p = first + (last - first) floor(updates u) / updates
 *   u = (s - begin) / (end - begin), cut to 0 to 1</pre>
 *
 * @param firstExponent p to begin with, at most 1
 * @param lastExponent p at the end, more than 0 and at most the first
 * @param updates how often p changes
 * @param beginFraction begin
 * @param endFraction end
 * @param epsilon keeps the slope finite at 0; against activations of size 1
 */
public record AnnealingConfig(
    double firstExponent,
    double lastExponent,
    int updates,
    double beginFraction,
    double endFraction,
    double epsilon) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public AnnealingConfig {
    Sizes.requirePositive("last_exponent", lastExponent);
    if (!(firstExponent >= lastExponent && firstExponent <= 1)) {
      throw new IllegalArgumentException(
          "first_exponent: is %s, last_exponent is %s; p must not rise, and be at most 1"
              .formatted(firstExponent, lastExponent));
    }
    Sizes.requirePositive("updates", updates);
    Sizes.requireFraction("begin_fraction", beginFraction);
    Sizes.requireFraction("end_fraction", endFraction);
    if (beginFraction > endFraction) {
      throw new IllegalArgumentException(
          "begin_fraction: is %s, end_fraction is %s; it must not be later"
              .formatted(beginFraction, endFraction));
    }
    Sizes.requirePositive("epsilon", epsilon);
  }

  /** Returns p from 1 to .2 in ten parts (Karvonen et al. 2024), from 10 % to 50 % of the steps. */
  public static AnnealingConfig defaults() {
    return new AnnealingConfig(1, 0.2, 10, 0.1, 0.5, 1e-3);
  }

  /** Returns how often p has changed at this share of the steps. */
  public int updatesAt(double share) {
    if (share >= endFraction) {
      return updates;
    }
    double done = (share - beginFraction) / (endFraction - beginFraction);
    return (int) Math.clamp(Math.floor(updates * done), 0, updates);
  }

  /** Returns the penalty after this number of changes. */
  public PenaltyShape shapeAfter(int changes) {
    double p = firstExponent + (lastExponent - firstExponent) * changes / updates;
    return new PenaltyShape.Power(p, epsilon);
  }
}
