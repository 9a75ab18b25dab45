package mechinterp.kernel;

/** To what each row of d numbers is brought. */
public enum RowNorm {
  /**
   * Mean 0 and standard deviation 1: shift = mean, scale = sqrt(sum (x - mean)^2 / (d - 1)), and
   * what is divided by is scale + 1e-5 (openai/sparse_autoencoder's {@code normalize}, SAELens'
   * {@code layer_norm}).
   */
  LAYER_NORM {
    @Override
    double shift(double[] x) {
      double sum = 0;
      for (double each : x) {
        sum += each;
      }
      return sum / x.length;
    }

    @Override
    double scale(double squares, int d) {
      return Math.sqrt(squares / Math.max(1, d - 1));
    }

    @Override
    double divisor(double scale) {
      return scale + EPSILON;
    }
  },

  /** Norm sqrt(d): shift = 0, scale = |x| / sqrt(d) (SAELens' {@code constant_norm_rescale}). */
  CONSTANT_NORM {
    @Override
    double shift(double[] x) {
      return 0;
    }

    @Override
    double scale(double squares, int d) {
      return Math.sqrt(squares / d);
    }

    @Override
    double divisor(double scale) {
      return scale > 0 ? scale : 1;
    }
  };

  private static final double EPSILON = 1e-5;

  abstract double shift(double[] x);

  /**
   * Returns the scale.
   *
   * @param squares sum of (x - shift)^2
   */
  abstract double scale(double squares, int d);

  /** Returns what a row is divided by. */
  abstract double divisor(double scale);
}
