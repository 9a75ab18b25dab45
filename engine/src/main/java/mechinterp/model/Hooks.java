package mechinterp.model;

import mechinterp.tensor.FloatMatrix;

/** What a run wants from its stages at their hook points. */
public interface Hooks {
  /**
   * Edits the activation, or the gradient, in place and captures a copy, where the run asked for
   * it.
   */
  void at(HookPoint point, FloatMatrix activation);

  /** Edits in place what stands beside the activation, or the gradient, of this point. */
  void edit(HookPoint point, FloatMatrix beside);

  /**
   * Returns whether the run asked for something at this point, so that what is costly to make is
   * made only then.
   */
  boolean wants(HookPoint point);

  /** Returns whether the run changes what is at this point. */
  boolean edits(HookPoint point);

  /** Returns whether nothing that comes now is wanted, so that the stage may return early. */
  boolean finished();
}
