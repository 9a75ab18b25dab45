package mechinterp.sae.objective;

/**
 * What the sum of squared errors of a batch of B tokens, sum |x - x^|^2 over tokens and dimensions,
 * is divided by to give the reconstruction loss.
 */
public enum LossNormalizer {
  /**
   * The batch's variance, sum |x - mean of the batch|^2: the loss is the batch's FVU, whatever the
   * scale of the activations (openai/sparse_autoencoder train.py; EleutherAI/sparsify).
   */
  BATCH_VARIANCE,
  /**
   * The number of tokens B: the mean over tokens of the sum over dimensions (SAELens,
   * dictionary_learning).
   */
  TOKENS
}
