package mechinterp.training;

import mechinterp.device.MemoryPlan;

/** Hears of the training of a language model while it goes on, on the thread that trains. */
public interface LanguageModelListener {
  /** Hears what will be allocated, before it is. */
  default void planned(MemoryPlan plan) {}

  /**
   * Hears of a step.
   *
   * @param metrics what the step found
   * @param steps number of all steps of the run
   */
  default void step(LanguageModelMetrics metrics, int steps) {}

  /** Returns a listener that does nothing. */
  static LanguageModelListener none() {
    return new LanguageModelListener() {};
  }
}
