package mechinterp.model;

import mechinterp.io.hub.HubListener;

/** Hears what loading a model is about to do, and how downloads go. */
@FunctionalInterface
public interface LoadListener extends HubListener {
  /**
   * Takes what is about to be loaded, after its files have been checked and before any memory is
   * allocated. What this throws ends the loading.
   */
  void planned(LoadPlan plan);
}
