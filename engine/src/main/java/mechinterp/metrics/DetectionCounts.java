package mechinterp.metrics;

/** Counts how well one thing tells of another. */
final class DetectionCounts {
  private long hits;
  private long detected;
  private long wanted;

  /** Adds a case. */
  void add(boolean isDetected, boolean isWanted) {
    hits += isDetected && isWanted ? 1 : 0;
    detected += isDetected ? 1 : 0;
    wanted += isWanted ? 1 : 0;
  }

  /** Returns 2 hits / (detected + wanted), 0 where there is neither. */
  double f1() {
    return detected + wanted == 0 ? 0 : 2.0 * hits / (detected + wanted);
  }
}
