package mechinterp.kernel;

/** How rows are normalised before gain and bias. */
public enum Norm {
  /**
   * Layer normalisation (Ba et al. 2016): (x - mean) / sqrt(variance + epsilon), with the biased
   * variance of the row.
   */
  LAYER,
  /** RMS normalisation (Zhang and Sennrich 2019): x / sqrt(mean of x^2 + epsilon). */
  RMS
}
