package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireHeads;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** The checks of {@link CheckedKernels} for attention. */
final class AttentionChecks {
  private AttentionChecks() {}

  static void requireSpans(String kernel, IntMatrix spans) {
    requireShape(kernel, "spans", spans, spans.rows(), 4);
  }

  /** Requires that keys or values have the width of their heads. */
  static void requireKeys(
      String kernel, String name, FloatMatrix keys, FloatMatrix q, int heads, int keyValueHeads) {
    requireHeads(kernel, "q", q, heads);
    requireWidth(kernel, name, keys, q.cols() / heads * keyValueHeads);
  }

  /** Requires a pattern or scores with the rows of q and a block of columns for each head. */
  static void requirePattern(
      String kernel, String name, FloatMatrix pattern, FloatMatrix q, int heads) {
    requireShape(kernel, name, pattern, q.rows(), pattern.cols());
    requireHeads(kernel, name, pattern, heads);
  }

  static void requireSharedHeads(String kernel, int heads, int keyValueHeads) {
    require(
        heads >= 1 && keyValueHeads >= 1 && heads % keyValueHeads == 0,
        () ->
            "%s: %d heads, %d key/value heads; both must be at least 1 and the second must divide the first"
                .formatted(kernel, heads, keyValueHeads));
  }

  private static void requireWidth(String kernel, String name, FloatMatrix matrix, int cols) {
    require(
        matrix.cols() == cols,
        () ->
            "%s: %s is %s; it must have %d columns, as many as its heads"
                .formatted(kernel, name, matrix.shape(), cols));
  }
}
