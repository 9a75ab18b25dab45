package mechinterp.kernel;

/**
 * How {@link PursuitKernels} search.
 *
 * @param k most active latents of a token
 * @param rounds rounds R in which latents are added
 * @param overshoot latents held before most are dropped, as a multiple of k
 * @param leastCode codes below it are dropped, so that tokens may have more than k latents or
 *     fewer; 0 to drop all but the k largest
 */
public record PursuitForm(int k, int rounds, double overshoot, float leastCode) {
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
    if (!(leastCode >= 0 && leastCode < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "least_code: is %s; it must be at least 0 and finite".formatted(leastCode));
    }
  }

  /** Returns a form that keeps the k largest codes. */
  public static PursuitForm ofLargest(int k, int rounds, double overshoot) {
    return new PursuitForm(k, rounds, overshoot, 0);
  }

  /** Returns how many latents of a token are active at most. */
  public int mostActive() {
    return leastCode > 0 ? held(rounds) : k;
  }

  /** Returns how many latents are held in round {@code round} of 1 to R: overshoot k round / R. */
  public int held(int round) {
    return (int) Math.min(Integer.MAX_VALUE, Math.ceil(overshoot * k * round / rounds));
  }
}
