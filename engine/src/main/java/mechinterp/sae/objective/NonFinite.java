package mechinterp.sae.objective;

/** Says where an array stops being finite. */
final class NonFinite {
  private NonFinite() {}

  /** Returns in one line which number of the rows is the first that is not finite. */
  static String describe(String what, float[] rows, int cols) {
    for (int i = 0; i < rows.length; i++) {
      if (!Float.isFinite(rows[i])) {
        return "%s: row %d of the batch has %s at dimension %d; all must be finite"
            .formatted(what, i / cols, rows[i], i % cols);
      }
    }
    return what + ": a squared norm is beyond the range of float; divide them by their mean norm";
  }
}
