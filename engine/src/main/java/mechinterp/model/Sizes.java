package mechinterp.model;

/** Checks of a config's numbers, in the words of its errors. */
final class Sizes {
  private Sizes() {}

  static void requirePositive(String field, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "config: %s is %d; it must be at least 1".formatted(field, value));
    }
  }

  static void requirePositive(String field, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "config: %s is %s; it must be a positive number".formatted(field, value));
    }
  }

  static void requireAtLeastZero(String field, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "config: %s is %s; it must not be negative".formatted(field, value));
    }
  }

  static void requireProduct(String firstField, int first, String secondField, int second) {
    if ((long) first * second > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "config: %s is %d, %s is %d; their product must be less than 2^31"
              .formatted(firstField, first, secondField, second));
    }
  }
}
