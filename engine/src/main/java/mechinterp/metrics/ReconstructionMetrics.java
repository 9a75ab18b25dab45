package mechinterp.metrics;

/**
 * How well an autoencoder reconstructs a stream of tokens. With sums and means over all tokens and
 * norms over dimensions; docs/metrics.md has sources and reasons.
 *
 * @param tokens number of tokens
 * @param fvu fraction of variance unexplained, sum |x - x^|^2 / sum |x - mean of x|^2
 * @param explainedVariance 1 - fvu
 * @param mse mean of |x - x^|^2: summed over dimensions, in the square of the activations' unit
 * @param l0 mean number of active latents of a token
 * @param deadFraction share of the latents that were active on none of these tokens
 * @param shrinkage mean of |x^| / |x| over the tokens with x not 0; below 1 when reconstructions
 *     are too short
 * @param relativeReconstructionBias sum |x^|^2 / sum x . x^: the factor by which reconstructions
 *     are too long; 1 is unbiased (Rajamanoharan et al. 2024, arXiv 2404.16014)
 * @param cosine mean of x . x^ / (|x| |x^|); 0 for a token where either is 0
 */
public record ReconstructionMetrics(
    long tokens,
    double fvu,
    double explainedVariance,
    double mse,
    double l0,
    double deadFraction,
    double shrinkage,
    double relativeReconstructionBias,
    double cosine) {
  /** The version of these definitions, raised when one of them changes. */
  public static final int VERSION = 1;
}
