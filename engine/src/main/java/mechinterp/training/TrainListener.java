package mechinterp.training;

import java.util.List;
import mechinterp.device.MemoryPlan;

/** Hears of a training run while it goes on, on the thread that trains. */
public interface TrainListener {
  /** Hears what will be allocated, before it is. */
  default void planned(MemoryPlan plan) {}

  /**
   * Hears of a step.
   *
   * @param metrics what the step found
   * @param steps number of all steps of the run
   * @param tokensPerSecond tokens a second since the first step began
   */
  default void step(StepMetrics metrics, int steps, double tokensPerSecond) {}

  /** Hears of the steps that an earlier process did, before the first of this one. */
  default void resumed(List<StepMetrics> history) {}

  /** Hears in one line of something that goes wrong, and what to try. */
  default void warned(String warning) {}

  /** Returns a listener that does nothing. */
  static TrainListener none() {
    return new TrainListener() {};
  }
}
