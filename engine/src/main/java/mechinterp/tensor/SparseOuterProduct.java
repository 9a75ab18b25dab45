package mechinterp.tensor;

/**
 * A term of a weight gradient that is never written out: row f of it is
 *
 * <pre>  sum over the entries p of latent f of  coefficients[p] * rows[p / capacity]</pre>
 *
 * For a decoder the coefficients are the codes' values and the rows the gradients of the
 * reconstruction; for an encoder the coefficients are the gradients of the pre-activations and the
 * rows the encoder's inputs.
 *
 * @param order the entries by latent
 * @param coefficients a number for each slot of the codes [n, capacity]
 * @param rows a row for each token [n, d]
 * @param firstLatent rows of the term before this one are 0
 * @param endLatent rows of the term from this one on are 0
 */
public record SparseOuterProduct(
    LatentOrder order, FloatMatrix coefficients, FloatMatrix rows, int firstLatent, int endLatent) {
  /** The term of all latents. */
  public SparseOuterProduct(LatentOrder order, FloatMatrix coefficients, FloatMatrix rows) {
    this(order, coefficients, rows, 0, order.latents());
  }

  /**
   * Checks that the coefficients have the slots of the order and a row for each row, and that the
   * latents are the order's.
   */
  public SparseOuterProduct {
    if (coefficients.rows() != rows.rows() || coefficients.cols() != order.capacity()) {
      throw new IllegalArgumentException(
          "outer product: coefficients are %s, rows %s, slots %d; coefficients must have a row for each row and a column for each slot"
              .formatted(coefficients.shape(), rows.shape(), order.capacity()));
    }
    if (firstLatent < 0 || firstLatent > endLatent || endLatent > order.latents()) {
      throw new IllegalArgumentException(
          "outer product: latents %d to %d, the order has %d; they must rise and be among those"
              .formatted(firstLatent, endLatent, order.latents()));
    }
  }

  /**
   * Returns some rows of the term, and some columns of these.
   *
   * @param from the first row
   * @param to the row behind the last
   * @param columns those columns of {@link #rows}
   */
  public SparseOuterProduct part(int from, int to, FloatMatrix columns) {
    return new SparseOuterProduct(
        order.latentRange(from, to),
        coefficients,
        columns,
        Math.clamp(firstLatent - from, 0, to - from),
        Math.clamp(endLatent - from, 0, to - from));
  }

  /** Returns whether row {@code latent} of the term may differ from 0. */
  public boolean covers(int latent) {
    return latent >= firstLatent && latent < endLatent;
  }
}
