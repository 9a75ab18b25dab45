package mechinterp.cuda.simulator;

/** How a float result is rounded. */
enum FloatRounding {
  /** To nearest, ties to even. */
  NEAREST,
  /** Towards zero. */
  ZERO,
  /** Towards minus infinity. */
  DOWN,
  /** Towards plus infinity. */
  UP;

  static FloatRounding of(Decoding d) {
    if (d.has("rz")) {
      return ZERO;
    }
    if (d.has("rm")) {
      return DOWN;
    }
    return d.has("rp") ? UP : NEAREST;
  }

  /** a b + c, rounded once. */
  float fma(float a, float b, float c) {
    if (this == NEAREST) {
      return Math.fma(a, b, c);
    }
    double product = (double) a * b; // exact: 48 bits
    return sum(product, c);
  }

  /** The exact sum of two doubles, rounded once to a float. */
  float sum(double a, double b) {
    double sum = a + b;
    double part = sum - a;
    double lost = (a - (sum - part)) + (b - part); // Knuth: sum + lost is exact
    float near = (float) sum;
    double above = near - sum - lost;
    if (Double.isNaN(above) || above == 0) {
      return near;
    }
    return switch (this) {
      case NEAREST -> near;
      case DOWN -> above > 0 ? Math.nextDown(near) : near;
      case UP -> above < 0 ? Math.nextUp(near) : near;
      case ZERO -> towardsZero(near, above);
    };
  }

  private static float towardsZero(float near, double above) {
    if (near > 0 && above > 0) {
      return Math.nextDown(near);
    }
    return near < 0 && above < 0 ? Math.nextUp(near) : near;
  }
}
