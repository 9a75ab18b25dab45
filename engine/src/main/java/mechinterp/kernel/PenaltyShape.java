package mechinterp.kernel;

/**
 * A function phi of a latent's share u of the reconstruction, u = f |d| at least 0, which a penalty
 * adds up. phi(0) is 0.
 */
public sealed interface PenaltyShape {
  /** Returns phi(u). */
  double value(double u);

  /** Returns phi'(u). */
  double slope(double u);

  /** phi(u) = u: L1. */
  record Linear() implements PenaltyShape {
    @Override
    public double value(double u) {
      return u;
    }

    @Override
    public double slope(double u) {
      return 1;
    }
  }

  /**
   * phi(u) = (u + epsilon)^exponent - epsilon^exponent: the p-th power of an L_p norm, with a slope
   * that stays finite at 0.
   *
   * @param exponent p, more than 0 and at most 1
   * @param epsilon positive
   */
  record Power(double exponent, double epsilon) implements PenaltyShape {
    @Override
    public double value(double u) {
      return StrictMath.pow(u + epsilon, exponent) - StrictMath.pow(epsilon, exponent);
    }

    @Override
    public double slope(double u) {
      return exponent * StrictMath.pow(u + epsilon, exponent - 1);
    }
  }

  /**
   * phi(u) = tanh(scale u): near 1 for whatever is clearly active (Anthropic, January 2025).
   *
   * @param scale positive
   */
  record Tanh(double scale) implements PenaltyShape {
    @Override
    public double value(double u) {
      return StrictMath.tanh(scale * u);
    }

    @Override
    public double slope(double u) {
      double tanh = value(u);
      return scale * (1 - tanh * tanh);
    }
  }
}
