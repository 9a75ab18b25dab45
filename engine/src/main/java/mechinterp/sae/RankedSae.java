package mechinterp.sae;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder of one encoder whose active latents are chosen among the largest pre-activations,
 * so that a shortlist of some latents can stand for all: what a {@link Selector} serves.
 */
public sealed interface RankedSae extends Sae permits TopKSae, HybridSae {
  /** Returns how many of the largest pre-activations the encoder alone makes active. */
  int k();

  /**
   * Writes the latents with the largest positive pre-activations z, and z as their activations.
   *
   * @param codes with room for as many as are wanted
   * @param inputs what {@link #prepareInputs} wrote
   * @param number how many are wanted
   */
  void encodePrepared(SparseCodes codes, FloatMatrix inputs, int number);

  /**
   * Writes the active latents as {@link #encode} does, chosen from shortlists.
   *
   * @param inputs what {@link #prepareInputs} wrote
   * @param shortlist the latents to choose from; their values are not looked at
   */
  void encodeListed(SparseCodes codes, FloatMatrix inputs, SparseCodes shortlist);

  @Override
  RankedSae foldInputScale(double scale);
}
