package mechinterp.scaling;

/**
 * How a law is fitted.
 *
 * @param starts of the search for the best parameters
 * @param draws of the bootstrap
 * @param seed of both
 */
public record FitSettings(int starts, int draws, long seed) {
  private static final int STARTS = 64;
  private static final int DRAWS = 400;
  private static final int LEAST_DRAWS = 40;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public FitSettings {
    if (starts < 1) {
      throw new IllegalArgumentException("starts: is %d; it must be at least 1".formatted(starts));
    }
    if (draws < LEAST_DRAWS) {
      throw new IllegalArgumentException(
          "draws: is %d; a 95 %% interval needs at least %d".formatted(draws, LEAST_DRAWS));
    }
  }

  /** Returns 64 starts and 400 draws. */
  public static FitSettings defaults() {
    return new FitSettings(STARTS, DRAWS, 0);
  }

  /** Returns the settings with another seed. */
  public FitSettings withSeed(long other) {
    return new FitSettings(starts, draws, other);
  }

  /** Returns the settings with another number of draws. */
  public FitSettings withDraws(int other) {
    return new FitSettings(starts, other, seed);
  }
}
