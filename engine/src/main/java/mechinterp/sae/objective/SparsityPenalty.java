package mechinterp.sae.objective;

import java.util.List;
import java.util.Map;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The part of a loss that keeps codes sparse, or the experts that they are of evenly used, and its
 * gradient.
 */
interface SparsityPenalty {
  /**
   * A batch whose reconstruction has been differentiated.
   *
   * @param inputs what the encoder multiplies
   * @param codes the active latents
   * @param order the same by latent
   * @param codeGradients derivative of the loss by each active latent [n, capacity]
   * @param reconstruction of the codes
   * @param l0 mean number of active latents of a token
   * @param divisor what squared errors are divided by
   */
  record Batch(
      FloatMatrix inputs,
      SparseCodes codes,
      LatentOrder order,
      FloatMatrix codeGradients,
      Reconstruction reconstruction,
      double l0,
      double divisor) {}

  /** Returns the name of the part. */
  default String name() {
    return SaeLoss.SPARSITY;
  }

  /**
   * Takes the loss of a batch and makes the batch's code gradients those of the whole loss by the
   * pre-activations.
   */
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
