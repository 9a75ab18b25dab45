package mechinterp.sae;

import java.util.Map;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Chooses the active latents of a batch in training. */
interface LatentChoice {
  /** The k largest of each token. */
  static LatentChoice topK(TopKSae sae) {
    return sae::encodeCentred;
  }

  /**
   * Writes the codes of a batch.
   *
   * @param centred x - b_dec
   */
  void choose(SparseCodes codes, FloatMatrix centred);

  /** Returns what the next choice depends on, by name; see {@link SaeObjective#numbers}. */
  default Map<String, long[]> numbers() {
    return Map.of();
  }
}
