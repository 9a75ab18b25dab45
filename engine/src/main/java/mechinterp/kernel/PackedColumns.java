package mechinterp.kernel;

/** What all packed matrices ask of a number of columns. */
final class PackedColumns {
  private PackedColumns() {}

  static void requireAtMost(int number, int cols) {
    if (number < 0 || number > cols) {
      throw new IllegalArgumentException(
          "firstColumns: %d columns of %d; there must be as many".formatted(number, cols));
    }
  }
}
