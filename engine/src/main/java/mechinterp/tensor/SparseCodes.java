package mechinterp.tensor;

/**
 * The active latents of n tokens, row by row: row t has {@code counts[t]} pairs of a latent's index
 * and its activation, in the first slots of its row, by rising index. The other slots hold index 0
 * and value 0, so that a sum over all slots is the sum over the active ones. Never a dense [tokens,
 * latents] matrix.
 *
 * @param indices latents' indices [n, capacity], each in 0 to {@code latents - 1}
 * @param values activations [n, capacity]
 * @param counts active latents in each row [n, 1]
 * @param latents number of latents that the indices count, d_sae
 */
public record SparseCodes(IntMatrix indices, FloatMatrix values, IntMatrix counts, int latents) {
  /** Checks that the three matrices agree. */
  public SparseCodes {
    if (!indices.shape().equals(values.shape())
        || counts.rows() != indices.rows()
        || counts.cols() != 1) {
      throw new IllegalArgumentException(
          "codes: indices are %s, values %s, counts %s; indices and values must have one shape and counts one column of as many rows"
              .formatted(indices.shape(), values.shape(), counts.shape()));
    }
  }

  /** Returns the number of tokens n. */
  public int rows() {
    return indices.rows();
  }

  /** Returns how many active latents a row can hold. */
  public int capacity() {
    return indices.cols();
  }

  /** Returns a view of rows {@code from} to {@code to - 1}. */
  public SparseCodes rowRange(int from, int to) {
    return new SparseCodes(
        indices.rowRange(from, to), values.rowRange(from, to), counts.rowRange(from, to), latents);
  }
}
