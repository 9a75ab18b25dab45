package mechinterp.experiments.data;

import mechinterp.activation.ActivationBatches;

/** Activations in three parts: to train on, to choose on, to report on. */
public sealed interface OpenedData extends AutoCloseable permits KnownParts, ModelParts {
  /** Returns the width of an activation. */
  int dIn();

  /**
   * Activations in the order of a seed.
   *
   * @param batches the activations, times the scale
   * @param scale what they are multiplied with
   */
  record Training(ActivationBatches batches, double scale) {}

  /** Returns the activations that a seed trains on. */
  Training training(long seed);

  @Override
  void close();
}
