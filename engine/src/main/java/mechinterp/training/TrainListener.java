package mechinterp.training;

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

  /** Returns a listener that does nothing. */
  static TrainListener none() {
    return new TrainListener() {};
  }
}
