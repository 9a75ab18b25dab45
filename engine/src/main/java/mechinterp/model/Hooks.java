package mechinterp.model;

import mechinterp.tensor.FloatMatrix;

/** What a run wants from its stages at their hook points. */
public interface Hooks {
  /**
   * Edits the activation in place and captures a copy, where the run asked for it. A stage calls
   * this for each of its hook points in the order that it declared.
   */
  void at(HookPoint point, FloatMatrix activation);

  /** Returns whether nothing that comes now is wanted, so that the stage may return early. */
  boolean finished();
}
