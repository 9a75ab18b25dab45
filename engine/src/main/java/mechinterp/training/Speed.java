package mechinterp.training;

/** Tokens a second since the begin. */
final class Speed {
  private static final double NANOSECONDS = 1e9;

  private long began = System.nanoTime();
  private long tokens;

  void begin() {
    began = System.nanoTime();
    tokens = 0;
  }

  /** Counts tokens and returns how many there were a second. */
  double after(int more) {
    tokens += more;
    return tokens * NANOSECONDS / (System.nanoTime() - began);
  }
}
