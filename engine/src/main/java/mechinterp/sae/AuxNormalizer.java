package mechinterp.sae;

/** What the squared error of the auxiliary loss, sum |e - e^|^2, is divided by. */
public enum AuxNormalizer {
  /**
   * The same as the reconstruction's error, so that alpha is the weight of one against the other
   * (Gao et al. 2024; EleutherAI/sparsify; SAELens).
   */
  SAME_AS_LOSS,
  /**
   * The variance of the residual over the batch, sum |e - mean of e|^2: the auxiliary loss is the
   * unexplained part of the residual and does not fade as the reconstruction gets better
   * (openai/sparse_autoencoder train.py; dictionary_learning).
   */
  RESIDUAL_VARIANCE
}
