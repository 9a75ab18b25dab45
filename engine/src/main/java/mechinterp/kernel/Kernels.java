package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The arithmetic of a device.
 *
 * <p>Common to all methods: the output comes first; matrices are row-major views of the device's
 * own storage; an output may be the very same view as an input of an elementwise method, and
 * otherwise overlaps no input. Sums are taken in an order that depends on the shapes alone, so
 * results have the same bits for any number of threads, and the result for a row does not depend on
 * how many other rows there are. Implementations differ from the formula only by rounding: within
 * {@code 4 * K * 2^-24} of the sum of the absolute values of the K terms of a sum.
 *
 * <p>Shapes are checked by {@link CheckedKernels}, which every device puts around its kernels;
 * implementations rely on it.
 */
public interface Kernels {
  /** Returns the name that reports print, such as {@code vector-512}. */
  String name();

  // ------------------------------------------------------------------ dense products

  /**
   * out = A B, or out += A B, where A [m, k] and B [k, n] are the operands as stored or transposed.
   *
   * @throws IllegalArgumentException {@code matmul: ...} when the shapes do not fit
   */
  void matmul(FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write);

  /** Returns an empty packed matrix of {@code rows} rows that can hold {@code capacity} columns. */
  PackedMatrix allocatePacked(int rows, int capacity);

  /** Returns the bytes that {@link #allocatePacked} takes. */
  long packedBytes(int rows, int capacity);

  /**
   * packed = B, where B [rows, cols] is {@code b} as stored or transposed; sets the packed matrix'
   * columns.
   */
  void pack(PackedMatrix packed, FloatMatrix b, Operand asB);

  /**
   * packed = the transpose of the chosen rows of {@code weights} [F, rows]: column j is {@code
   * weights[ids[j]]}; sets the packed matrix' columns to the number of ids.
   *
   * @param ids rows to take [1, n], each in 0 to F - 1
   */
  void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids);

  /** out [m, n] = a [m, k] B with B [k, n] packed. */
  void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b);

  // ------------------------------------------------------------------ elementwise and rows

  /** out = value. */
  void fill(FloatMatrix out, float value);

  /** out = x. */
  void copy(FloatMatrix out, FloatMatrix x);

  /** out = a + b. */
  void add(FloatMatrix out, FloatMatrix a, FloatMatrix b);

  /** out = a - b. */
  void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b);

  /** out = factor x. */
  void scale(FloatMatrix out, FloatMatrix x, float factor);

  /** out += factor x. */
  void addScaled(FloatMatrix out, FloatMatrix x, float factor);

  /** out[i] = x[i] + factor row, for every row i; row is [1, cols]. */
  void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor);

  /** out[i] = table[ids[i]], for every row i; ids is [1, rows of out]. */
  void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids);

  /** out [1, cols] = sum of the rows of x, or += it. */
  void sumRows(FloatMatrix out, FloatMatrix x, Write write);

  /**
   * out [rows, 1]: out[i] = sum over j of a[i, j] b[i, j]. With a = b the squared norms of the
   * rows.
   */
  void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b);

  /** out[i] = x[i] / |x[i]| with the Euclidean norm; rows of norm zero stay zero. */
  void normalizeRows(FloatMatrix out, FloatMatrix x);

  // ------------------------------------------------------------------ transformer

  /**
   * Layer normalisation (Ba et al. 2016): out[i] = (x[i] - mean) / sqrt(variance + epsilon) * gain
   * + bias, with the mean and the biased variance of the row; gain and bias are [1, cols].
   */
  void layerNorm(FloatMatrix out, FloatMatrix x, FloatMatrix gain, FloatMatrix bias, float epsilon);

  /**
   * out = x Phi(x), Phi the normal distribution function by erf (Hendrycks and Gimpel 2016),
   * absolute error below 1e-6 |x|.
   */
  void gelu(FloatMatrix out, FloatMatrix x);

  /** out[i, j] = exp(x[i, j] - max) / sum over j of the same; relative error below 1e-6. */
  void softmax(FloatMatrix out, FloatMatrix x);

  /**
   * Bidirectional attention of several sequences that lie one after the other in the rows: within
   * each sequence and head
   *
   * <pre>  out = softmax(scale q k^T) v</pre>
   *
   * @param out [tokens, heads * d_head], like q, k and v; head h has columns h * d_head to (h + 1)
   *     * d_head - 1
   * @param sequenceStarts first row of each sequence, then the number of tokens [1, sequences + 1]
   */
  void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix sequenceStarts,
      int heads,
      float scale);

  // ------------------------------------------------------------------ sparse codes

  /**
   * Row t of the codes = the k largest of relu(x[t] W + bias) (Makhzani and Frey 2013; Gao et al.
   * 2024): latents whose pre-activation is positive, at most k of them, equal ones by the lowest
   * index. The pre-activations [n, F] are never stored.
   *
   * @param codes capacity at least k
   * @param x encoder inputs [n, d]
   * @param encoder W [d, F] packed
   * @param bias [1, F]
   */
  void encodeTopK(SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k);

  /** out: the codes with each index i replaced by ids[i]; ids [1, latents of codes] rise. */
  void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids);

  /**
   * out[t] = sum over the codes (i, value) of row t of value decoder[i], plus bias [1, d]; decoder
   * is [F, d].
   */
  void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias);

  /**
   * The gradient of a decoder's output with respect to the codes' values: out [n, capacity] has
   * dOut[t] . decoder[i] in the slot of each code (t, i), 0 in unused slots.
   */
  void codeGradients(FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder);

  /** Orders the entries of the codes by latent. */
  void orderByLatent(LatentOrder out, SparseCodes codes);

  /** out [1, F] = for each latent the sum of its entries' coefficients [n, capacity], or += it. */
  void latentSums(FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write);

  /** out [F, d] = sum of the terms, written out. */
  void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms);

  // ------------------------------------------------------------------ optimizer

  /**
   * One Adam step with gradient g:
   *
   * <pre>
   *   m = beta1 m + (1 - beta1) g
   *   v = beta2 v + (1 - beta2) g^2
   *   p = p - learningRate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon)
   * </pre>
   */
  void adam(FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step);

  /**
   * {@link #sparseGradient}, the projection of the constraint, {@link #adam} and the constraint's
   * renormalisation in one pass over the rows, without a gradient matrix. Rows without entries take
   * their step too (exact Adam).
   */
  void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint);
}
