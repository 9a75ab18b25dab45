package mechinterp.analysis;

/**
 * How often another latent is active where one is. Shares are those of a uniform sample of the
 * tokens on which the one is active: of n tokens with a standard error of sqrt(p (1 - p) / n),
 * exact where all were sampled.
 *
 * @param latent the other latent j
 * @param share P(j | i): of the tokens on which i is active the share on which j is, too; near 1
 *     where i implies j
 * @param lift P(j | i) / P(j), with P(j) the density of j; 1 when they are independent
 * @param reverseShare P(i | j) = P(j | i) n(i) / n(j), with n the active tokens; at most 1
 */
public record CoOccurrence(int latent, double share, double lift, double reverseShare) {
  /** Returns share ln lift, by which co-occurrences are ranked. */
  double information() {
    return share * Math.log(lift);
  }
}
