package mechinterp.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Results beside what they should be. */
final class Close {
  private Close() {}

  /**
   * Each element within {@code tolerance} times the larger of 1 and the expected element's size.
   */
  static void assertClose(double[] expected, float[] found, double tolerance) {
    assertEquals(expected.length, found.length);
    for (int i = 0; i < expected.length; i++) {
      double bound = tolerance * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], found[i], bound, "element " + i);
    }
  }
}
