package mechinterp.sae;

/** Checks of a config's numbers, in the words of its errors. */
final class Sizes {
  private Sizes() {}

  static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }

  static void requireEqual(String field, int value, int expected) {
    if (value != expected) {
      throw new IllegalArgumentException(
          "%s: is %d, the weights have %d; they must be equal".formatted(field, value, expected));
    }
  }

  static void requirePositive(String field, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be positive and finite".formatted(field, value));
    }
  }

  static void requireFraction(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within 0 to 1".formatted(field, value));
    }
  }

  static void requireActive(int k, int dSae) {
    requirePositive("k", k);
    if (k > dSae) {
      throw new IllegalArgumentException(
          "k: is %d, d_sae is %d; k must be at most d_sae".formatted(k, dSae));
    }
  }
}
