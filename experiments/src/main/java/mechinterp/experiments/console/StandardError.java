package mechinterp.experiments.console;

/** What standard error is connected to. Java cannot ask; the launcher can ({@code test -t 2}). */
final class StandardError {
  private static final String PROPERTY = "mechinterp.terminal";

  private StandardError() {}

  /** Returns whether lines on standard error can be rewritten; no when nobody said so. */
  static boolean isTerminal() {
    return Boolean.getBoolean(PROPERTY);
  }
}
