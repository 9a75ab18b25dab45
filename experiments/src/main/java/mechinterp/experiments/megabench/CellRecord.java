package mechinterp.experiments.megabench;

import java.util.Optional;

/**
 * A cell that was trained: {@code cell.json} in its folder.
 *
 * @param model name of the model or synthetic family
 * @param hook of the activations
 * @param layer number of the hook point's block
 * @param kind of autoencoder, baseline, or name of one that was added
 * @param isAdded whether it was trained elsewhere
 * @param dSae number of latents
 * @param k active latents of a token that were asked for; what was reached is the metric l0
 * @param seed of weights and order
 * @param training what it cost; nothing for baselines and what was added
 */
record CellRecord(
    String model,
    String hook,
    int layer,
    String kind,
    boolean isAdded,
    int dSae,
    int k,
    long seed,
    Optional<Training> training) {
  /**
   * What a training cost.
   *
   * @param seconds wall time
   * @param flops by the definition of the metric train_flops
   * @param peakBytes that were planned
   */
  record Training(double seconds, double flops, long peakBytes) {}

  /** Returns whether it is a baseline. */
  boolean isBaseline() {
    return Baseline.of(kind).isPresent();
  }
}
