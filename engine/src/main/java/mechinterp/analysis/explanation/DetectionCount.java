package mechinterp.analysis.explanation;

/**
 * How a judge told contexts with a latent from others by its explanation.
 *
 * @param active contexts with the latent about which it said something
 * @param recognised those that it took for such
 * @param inactive contexts without the latent
 * @param rejected those that it took for such
 * @param unread contexts about which its answer could not be read
 */
public record DetectionCount(int active, int recognised, int inactive, int rejected, int unread) {
  /**
   * Returns the mean of {@code recognised / active} and {@code rejected / inactive}: .5 is chance;
   * a side about which nothing was said counts as chance.
   */
  public double balancedAccuracy() {
    return (share(recognised, active) + share(rejected, inactive)) / 2;
  }

  private static double share(int right, int all) {
    return all == 0 ? 0.5 : (double) right / all;
  }

  /** Returns the sum of both. */
  DetectionCount plus(DetectionCount other) {
    return new DetectionCount(
        active + other.active,
        recognised + other.recognised,
        inactive + other.inactive,
        rejected + other.rejected,
        unread + other.unread);
  }
}
