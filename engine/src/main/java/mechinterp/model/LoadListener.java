package mechinterp.model;

import mechinterp.device.MemoryPlan;

/** Hears what loading a model is about to do. */
@FunctionalInterface
public interface LoadListener {
  /** Takes the memory that the model takes, before any of it is allocated. */
  void planned(MemoryPlan plan);
}
