package mechinterp.model;

/**
 * Rotary positions (Su et al. 2021). In each head of q and k the pair of columns (i, i + dRotary /
 * 2), i below dRotary / 2, turns by the angle place * f(i), where before scaling
 *
 * <pre>  f(i) = theta^(-2 i / dRotary)</pre>
 *
 * @param dRotary how many of the first columns of a head turn; even
 * @param theta the base
 * @param scaling how the frequencies are changed for texts longer than those of pretraining
 */
public record RotaryConfig(int dRotary, double theta, RotaryScaling scaling) {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when one is not possible
   */
  public RotaryConfig {
    Sizes.requirePositive("d_rotary", dRotary);
    Sizes.requirePositive("rotary theta", theta);
    if (dRotary % 2 != 0) {
      throw new IllegalArgumentException(
          "config: d_rotary is %d; it must be even".formatted(dRotary));
    }
    scaling.requireFits(dRotary);
  }

  /** Returns rotary positions without scaling. */
  public static RotaryConfig of(int dRotary, double theta) {
    return new RotaryConfig(dRotary, theta, new RotaryScaling.None());
  }

  /** Returns the angle per place of each pair of columns [dRotary / 2], scaling included. */
  public double[] frequencies() {
    double[] frequencies = new double[dRotary / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = scaling.scaled(Math.pow(theta, -2.0 * i / dRotary), i);
    }
    return frequencies;
  }
}
