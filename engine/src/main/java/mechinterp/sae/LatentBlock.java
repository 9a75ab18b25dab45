package mechinterp.sae;

import mechinterp.tensor.FloatMatrix;

/**
 * Some latents, one behind the other, with the columns that they see and those that they write:
 * {@link SaeConfig#blocks}.
 *
 * @param firstLatent the first of them
 * @param endLatent the one behind the last
 * @param firstInput the first column of what is encoded that they see
 * @param endInput the column behind the last
 * @param firstTarget the first column of the target that they write; they write all behind it
 */
public record LatentBlock(
    int firstLatent, int endLatent, int firstInput, int endInput, int firstTarget) {
  /** Returns how many latents it has. */
  public int latents() {
    return endLatent - firstLatent;
  }

  /** Returns the width of what its latents see. */
  public int inputWidth() {
    return endInput - firstInput;
  }

  /** Returns the columns of rows that are encoded [n, d_in] that its latents see. */
  public FloatMatrix inputs(FloatMatrix rows) {
    return rows.columnRange(firstInput, endInput);
  }

  /** Returns the columns of rows of the target [n, d_out] that its latents write. */
  public FloatMatrix targets(FloatMatrix rows) {
    return rows.columnRange(firstTarget, rows.cols());
  }

  /** Returns the rows of its latents of a matrix [d_sae, n] with a row for each latent. */
  public FloatMatrix latentRows(FloatMatrix rows) {
    return rows.rowRange(firstLatent, endLatent);
  }

  /** Returns what its latents write, of W_dec [d_sae, d_out]: the other columns are 0. */
  public FloatMatrix decoder(FloatMatrix wDec) {
    return targets(latentRows(wDec));
  }
}
