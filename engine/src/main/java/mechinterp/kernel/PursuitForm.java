package mechinterp.kernel;

/**
 * How {@link PursuitKernels} search.
 *
 * @param k most active latents of a token
 * @param rounds rounds R in which latents are added
 * @param overshoot latents held before all but the k largest are dropped, as a multiple of k
 */
public record PursuitForm(int k, int rounds, double overshoot) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public PursuitForm {
    if (k < 1) {
      throw new IllegalArgumentException("k: is %d; it must be at least 1".formatted(k));
    }
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds: is %d; it must be at least 1".formatted(rounds));
    }
    if (!(overshoot >= 1 && overshoot < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "overshoot: is %s; it must be at least 1 and finite".formatted(overshoot));
    }
  }

  /** Returns how many latents are held in round {@code round} of 1 to R: overshoot k round / R. */
  int held(int round) {
    return (int) Math.min(Integer.MAX_VALUE, Math.ceil(overshoot * k * round / rounds));
  }
}
