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
 */
public record SparseOuterProduct(LatentOrder order, FloatMatrix coefficients, FloatMatrix rows) {
  /** Checks that the coefficients have the slots of the order and a row for each row. */
  public SparseOuterProduct {
    if (coefficients.rows() != rows.rows() || coefficients.cols() != order.capacity()) {
      throw new IllegalArgumentException(
          "outer product: coefficients are %s, rows %s, slots %d; coefficients must have a row for each row and a column for each slot"
              .formatted(coefficients.shape(), rows.shape(), order.capacity()));
    }
  }
}
