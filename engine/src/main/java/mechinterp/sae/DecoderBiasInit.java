package mechinterp.sae;

/** What the decoder's bias is before training, of a sample of the activations. */
public enum DecoderBiasInit {
  /**
   * The geometric median: the point with the least sum of distances, which outliers hardly move
   * (Bricken et al. 2023; openai/sparse_autoencoder).
   */
  GEOMETRIC_MEDIAN,
  /** The mean (EleutherAI/sparsify). */
  MEAN,
  /** 0. */
  ZERO
}
