package mechinterp.cuda.simulator;

/**
 * The extent of a grid or a block, or a place in one.
 *
 * @param x the direction that varies fastest
 */
public record Dimensions(int x, int y, int z) {
  /** A row of {@code x}. */
  public static Dimensions of(int x) {
    return new Dimensions(x, 1, 1);
  }

  /** Returns the number of places in an extent. */
  public long count() {
    return (long) x * y * z;
  }

  /** Returns the place of the {@code index}-th block or thread in this extent. */
  Dimensions place(long index) {
    return new Dimensions((int) (index % x), (int) (index / x % y), (int) (index / ((long) x * y)));
  }

  @Override
  public String toString() {
    return "(" + x + ", " + y + ", " + z + ")";
  }
}
