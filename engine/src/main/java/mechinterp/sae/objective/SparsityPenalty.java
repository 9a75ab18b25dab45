package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/** The part of a loss that keeps codes sparse, and its gradient. */
interface SparsityPenalty {
  /**
   * A batch whose reconstruction has been differentiated.
   *
   * @param codes the active latents
   * @param order the same by latent
   * @param codeGradients derivative of the loss by each active latent [n, capacity]
   * @param reconstruction of the codes
   * @param l0 mean number of active latents of a token
   * @param divisor what squared errors are divided by
   */
  record Batch(
      SparseCodes codes,
      LatentOrder order,
      FloatMatrix codeGradients,
      Reconstruction reconstruction,
      double l0,
      double divisor) {}

  /** Takes the loss of a batch and adds its gradient to the batch's code gradients. */
  double backward(Batch batch);

  /**
   * Returns the part of W_enc's gradient besides that by the code gradients.
   *
   * @param centred x - b_dec
   */
  default List<SparseOuterProduct> encoderTerms(FloatMatrix centred) {
    return List.of();
  }

  /** Adds the part of b_enc's gradient besides that by the code gradients. */
  default void addToEncoderBias(FloatMatrix gradient) {}

  /** Returns the gradients of parameters that only this part has, by name. */
  default Map<String, SaeGradient> gradients() {
    return Map.of();
  }

  /** Returns the part of W_dec's gradient. */
  List<SparseOuterProduct> decoderTerms();

  /** Returns what the next loss depends on, by name; see {@link SaeObjective#numbers}. */
  Map<String, long[]> numbers();
}
