package mechinterp.circuits;

/**
 * How effects of latents are measured.
 *
 * @param runs the metric, the direction, and the most tokens that run at once
 * @param replacement what takes the place of a latent
 * @param byPosition whether a latent at each position is a node of its own
 */
public record FeatureSettings(CircuitSettings runs, Replacement replacement, boolean byPosition) {
  /**
   * Checks that the values can be put in.
   *
   * @throws IllegalArgumentException when zeros or means are to go into the corrupted run
   */
  public FeatureSettings {
    if (replacement != Replacement.CORRUPT && runs.direction() != PatchDirection.NOISING) {
      throw new IllegalArgumentException(
          "direction: is denoising; zeros and means replace values of the clean run, so it must be"
              + " noising");
    }
  }

  /** Returns corrupted values in clean runs, at all positions together. */
  public static FeatureSettings defaults() {
    return new FeatureSettings(CircuitSettings.defaults(), Replacement.CORRUPT, false);
  }

  /** Returns the same with other runs. */
  public FeatureSettings withRuns(CircuitSettings other) {
    return new FeatureSettings(other, replacement, byPosition);
  }

  /** Returns the same with another replacement. */
  public FeatureSettings withReplacement(Replacement other) {
    return new FeatureSettings(runs, other, byPosition);
  }

  /** Returns the same with each position by itself, or all together. */
  public FeatureSettings withByPosition(boolean apart) {
    return new FeatureSettings(runs, replacement, apart);
  }
}
