package mechinterp.sae.objective;

import java.util.Map;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Chooses the active latents of a batch in training. */
interface LatentChoice {
  /** Returns how many latents of a token are active at most, if more than after training. */
  default int mostActive() {
    return 0;
  }

  /** Hears which step the next choice is of, from 1. */
  default void beginStep(int step) {}

  /**
   * Writes the codes of a batch.
   *
   * @param inputs what the encoder multiplies: x - b_dec, or x of a kind that does not centre it
   */
  void choose(SparseCodes codes, FloatMatrix inputs);

  /** Brings the autoencoder to how it chooses after training. */
  default void finish() {}

  /** Returns what the next choice depends on, by name; see {@link SaeObjective#numbers}. */
  default Map<String, long[]> numbers() {
    return Map.of();
  }
}
