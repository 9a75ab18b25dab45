package mechinterp.training;

/** Hears of the distillation of a selector while it goes on, on the thread that does it. */
@FunctionalInterface
public interface SelectorListener {
  /**
   * Hears of a step.
   *
   * @param step from 1
   * @param steps number of all steps
   * @param loss what the step found, a token's mean
   */
  void step(int step, int steps, double loss);
}
