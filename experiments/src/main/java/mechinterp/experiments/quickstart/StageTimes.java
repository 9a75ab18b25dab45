package mechinterp.experiments.quickstart;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** How long each stage of a run takes. */
final class StageTimes {
  private static final double NANOS = 1e9;

  private final LongSupplier nanoTime;
  private final long began;
  private long stageBegan;
  private final Map<String, Double> seconds = new LinkedHashMap<>();

  StageTimes(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.began = nanoTime.getAsLong();
    this.stageBegan = began;
  }

  /** Notes that a stage, which began when the one before ended, has ended. */
  void ended(String stage) {
    long now = nanoTime.getAsLong();
    seconds.put(stage, (now - stageBegan) / NANOS);
    stageBegan = now;
  }

  /** Returns the seconds of the stages in their order, then those of all as {@code total}. */
  Map<String, Double> seconds() {
    Map<String, Double> all = new LinkedHashMap<>(seconds);
    all.put("total", (stageBegan - began) / NANOS);
    return all;
  }
}
