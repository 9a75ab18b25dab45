package mechinterp.training;

import java.util.List;
import mechinterp.device.MemoryPlan;

/** Hears of a sweep while it goes on, on the thread that trains. */
public interface SweepListener {
  /** Hears what will be allocated, before it is. */
  default void planned(MemoryPlan plan) {}

  /**
   * Hears of a step.
   *
   * @param step its number, from 1
   * @param steps number of steps of the longest member
   * @param metrics what it found for each member
   * @param tokensPerSecond tokens of the data a second since the first step began
   */
  default void step(int step, int steps, SweepStep metrics, double tokensPerSecond) {}

  /** Hears of the steps that an earlier process did, before the first of this one. */
  default void resumed(List<SweepStep> history) {}

  /** Hears in one line of something that goes wrong with a member, and what to try. */
  default void warned(String member, String warning) {}

  /** Hears that a member could not go on; the others do. */
  default void failed(String member, String reason) {}

  /** Returns a listener that does nothing. */
  static SweepListener none() {
    return new SweepListener() {};
  }
}
