package mechinterp.sae;

/**
 * How a gated autoencoder is trained.
 *
 * @param sparsity weight of the sparsity loss
 * @param auxiliaryDecoder whether the auxiliary loss teaches the decoder
 */
public record GatedTraining(SparsityConfig sparsity, AuxiliaryDecoder auxiliaryDecoder) {
  private static final double FIRST_COEFFICIENT = 0.1;

  /**
   * Returns a penalty whose weight is moved so that {@code k} latents are active on a token in the
   * mean, and the paper's frozen decoder.
   */
  public static GatedTraining reaching(int k) {
    return new GatedTraining(
        SparsityConfig.reaching(k, FIRST_COEFFICIENT), AuxiliaryDecoder.FROZEN);
  }
}
