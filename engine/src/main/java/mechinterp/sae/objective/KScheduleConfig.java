package mechinterp.sae.objective;

/**
 * More active latents at first, fewer and fewer down to k.
 *
 * @param firstK number of active latents at the first step
 * @param fraction share of the steps in which it falls to k
 */
public record KScheduleConfig(int firstK, double fraction) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public KScheduleConfig {
    if (firstK < 1) {
      throw new IllegalArgumentException("first_k: is %d; it must be at least 1".formatted(firstK));
    }
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException(
          "fraction: is %s; it must be more than 0 and at most 1".formatted(fraction));
    }
  }

  /**
   * Returns the schedule of a run.
   *
   * @throws IllegalArgumentException with the JSON field's name when it begins below k, or with
   *     more latents than there are
   */
  KSchedule schedule(int k, int dSae, int steps) {
    if (firstK > dSae) {
      throw new IllegalArgumentException(
          "first_k: is %d, d_sae is %d; it must be at most d_sae".formatted(firstK, dSae));
    }
    return new KSchedule(firstK, k, Math.max(1, (int) Math.round(fraction * steps)));
  }
}
