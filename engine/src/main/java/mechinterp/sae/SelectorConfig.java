package mechinterp.sae;

/**
 * The size of a {@link Selector}.
 *
 * @param rank r, numbers that stand for an activation
 * @param factor latents on a token's shortlist as a multiple of k
 */
public record SelectorConfig(int rank, int factor) {
  private static final int PART_OF_WIDTH = 4;
  private static final int FACTOR = 8;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public SelectorConfig {
    Sizes.requirePositive("rank", rank);
    Sizes.requirePositive("selector_factor", factor);
  }

  /** Returns a rank of d_in / 4 and a shortlist of 8 k: those of our pilot. */
  public static SelectorConfig of(int dIn) {
    return new SelectorConfig(Math.max(1, dIn / PART_OF_WIDTH), FACTOR);
  }

  /**
   * Checks that the rank is no larger than an activation.
   *
   * @throws IllegalArgumentException naming both
   */
  public void requireFits(int dIn) {
    if (rank > dIn) {
      throw new IllegalArgumentException(
          "rank: is %d, d_in is %d; rank must be at most d_in".formatted(rank, dIn));
    }
  }

  /** Returns how many latents are on the shortlist: factor k, at most d_sae. */
  public int shortlist(int k, int dSae) {
    return (int) Math.min((long) factor * k, dSae);
  }
}
