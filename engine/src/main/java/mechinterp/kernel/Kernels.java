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

  /**
   * out [m, k] = a [m, n] B^T, or out += it, with B [k, n] packed: the gradient of {@link
   * #matmulPacked} with respect to its left factor, without a second copy of the weights.
   */
  void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write);

  /**
   * out[t] = column ids[t] of B [k, n] packed; out is [tokens, k], ids [1, tokens]. With it a tied
   * embedding is held once, as the packed unembedding.
   */
  void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids);

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

  /** out = a b, element by element. */
  void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b);

  /** out[i] = x[i] row, element by element, for every row i; row is [1, cols]. */
  void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row);

  /** out[i] = table[ids[i]], for every row i; ids is [1, rows of out]. */
  void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids);

  /**
   * table[ids[t]] += x[t], for every row t; ids is [1, rows of x] and may repeat: terms are added
   * by rising t.
   */
  void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids);

  /** out [1, cols] = sum of the rows of x, or += it. */
  void sumRows(FloatMatrix out, FloatMatrix x, Write write);

  /**
   * out [rows, 1]: out[i] = sum over j of a[i, j] b[i, j]. With a = b the squared norms of the
   * rows.
   */
  void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b);

  /** out[i] = x[i] / |x[i]| with the Euclidean norm; rows of norm zero stay zero. */
  void normalizeRows(FloatMatrix out, FloatMatrix x);

  // ------------------------------------------------------------------ norms

  /**
   * scale [rows, 1]: what {@link #norm} divides each row by,
   *
   * <pre>
   *   LAYER   sqrt(variance of the row + epsilon)
   *   RMS     sqrt(mean of the row's squares + epsilon)
   * </pre>
   */
  void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm);

  /**
   * out[i] = (x[i] - m) / scale[i] gain + bias, where m is the row's mean ({@link Norm#LAYER}) or 0
   * ({@link Norm#RMS}); scale is [rows, 1], gain and bias are [1, cols]. out may be x. The quotient
   * is rounded first: a gain of ones and {@link #multiplyRow} make the same bits as the gain here.
   */
  void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm);

  /**
   * The gradients of {@link #norm} with respect to x and to the scale, each with the other held
   * fixed. With d = dy gain, and m as in {@link #norm}:
   *
   * <pre>
   *   dx[i]     = (d[i] - mean of d[i]) / scale[i]     without the mean for RMS
   *   dScale[i] = -sum over j of d[i, j] (x[i, j] - m) / scale[i]^2
   * </pre>
   *
   * The whole gradient of a normalisation follows with {@link #normScaleBackward}. dx may be dy.
   *
   * @param dScale [rows, 1]
   */
  void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm);

  /**
   * dx[i] += dScale[i] (x[i] - m) / (cols scale[i]): the gradient of {@link #normScale}, m as in
   * {@link #norm}.
   */
  void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm);

  /**
   * dGain [1, cols] = sum over i of dy[i] (x[i] - m) / scale[i], or += it; m as in {@link #norm}.
   * The gradient of the bias is {@link #sumRows} of dy.
   */
  void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write);

  // ------------------------------------------------------------------ activation functions

  /** out = f(x), absolute error below 1e-6 |x|. */
  void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f);

  /** dx = dy f'(x); dx may be dy or x. */
  void activateBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f);

  /** out = f(gate) linear (gated linear units, Shazeer 2020); out may be gate or linear. */
  void gatedActivate(FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f);

  /**
   * dGate = dOut linear f'(gate), dLinear = dOut f(gate); each output may be any of the inputs, but
   * not both the same.
   */
  void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f);

  /** out = cap tanh(x / cap) for a positive cap, absolute error below 1e-6 cap. */
  void softCap(FloatMatrix out, FloatMatrix x, float cap);

  /** dx = dy (1 - (y / cap)^2), where y is what {@link #softCap} returned; dx may be dy or y. */
  void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap);

  // ------------------------------------------------------------------ attention

  /**
   * out[i, j] = exp(x[i, j] - max) / sum over j of the same; relative error below 1e-6. Elements
   * that are -infinity give 0; each row has at least one that is not.
   */
  void softmax(FloatMatrix out, FloatMatrix x);

  /**
   * dx = y (dy - sum over the row of dy y), where y is what {@link #softmax} returned; dx may be dy
   * or y.
   */
  void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y);

  /**
   * Rotary position embedding (Su et al. 2021) in the order of Hugging Face: in each head, columns
   * i and i + r / 2, for i below r / 2, turn by the angle whose cosine and sine are in row
   * positions[t] of the tables:
   *
   * <pre>
   *   out[i]         = x[i] cos[i] - x[i + r / 2] sin[i]
   *   out[i + r / 2] = x[i + r / 2] cos[i] + x[i] sin[i]
   * </pre>
   *
   * with -sin for {@link Rotation#BACKWARD}. The columns of a head from r on are copied.
   *
   * @param out [tokens, heads * d_head]; may be x
   * @param positions row of the tables for each token [1, tokens]
   * @param cos [positions, r / 2], with r at most d_head
   * @param sin like cos
   */
  void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation);

  /**
   * Attention within each of several sequences. With K keys and Q queries a sequence's queries are
   * its last positions: query i is at p = K - Q + i. In head h it sees key j if j is at most p
   * (causal) and |p - j| is below the window, and
   *
   * <pre>
   *   score = scale q . k,  or  softCap tanh(scale q . k / softCap)
   *   out = sum over the keys it sees of softmax(scores) v
   * </pre>
   *
   * Scores are never stored as a whole: memory besides the arguments is bounded by the keys of a
   * sequence times the rows of a tile, for each thread. Rows outside all sequences are left as they
   * are.
   *
   * @param out [n, heads * d_head], like q; head h has columns h * d_head to (h + 1) * d_head - 1
   * @param k keys [m, keyValueHeads * d_head], like v
   * @param spans a row for each sequence: first query row, end of the query rows, first key row,
   *     end of the key rows [sequences, 4]; at least as many keys as queries; ranges of different
   *     sequences do not overlap
   * @throws IllegalArgumentException when a span is not of this kind
   */
  void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form);

  /**
   * The gradients of {@link #attention} with respect to q, k and v; the scores are computed anew.
   * Rows outside all sequences are left as they are.
   */
  void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form);

  /**
   * The scores of {@link #attention}, written out for whoever wants to look at them or to change
   * them: key j of its sequence has column h * maxKeys + j in head h. Columns of keys that a query
   * does not see, and those beyond its sequence, are -infinity. {@link #softmax} of {@code
   * scores.reshaped(n * heads, maxKeys)} gives the pattern.
   *
   * @param scores [n, heads * maxKeys], with maxKeys at least the keys of any sequence
   */
  void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form);

  /**
   * out = pattern v, within each sequence and head.
   *
   * @param out [n, heads * d_head]
   * @param pattern [n, heads * maxKeys] in the order of {@link #attentionScores}
   * @param v [m, keyValueHeads * d_head]
   */
  void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads);

  /**
   * The gradients of {@link #attentionValues}: dPattern = dOut v^T (0 beyond the keys of the
   * sequence), dv = pattern^T dOut, summed over the heads that share it.
   */
  void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads);

  /**
   * The gradients of {@link #attentionScores} with respect to q and k. Scores that are -infinity
   * pass none on.
   *
   * @param scores what {@link #attentionScores} returned
   */
  void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form);

  // ------------------------------------------------------------------ losses

  /**
   * losses[t] = log(sum over j of exp(logits[t, j])) - logits[t, targets[t]], in nats; 0 where the
   * target is -1.
   *
   * @param losses [tokens, 1]
   * @param logits [tokens, vocabulary]
   * @param targets [1, tokens], each -1 or in 0 to vocabulary - 1
   */
  void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets);

  /**
   * dLogits[t] = (softmax(logits[t]) - the unit vector of targets[t]) weights[t], the gradient of
   * the weighted sum of {@link #crossEntropy}'s losses; 0 where the target is -1. dLogits may be
   * logits.
   *
   * @param weights [tokens, 1]
   */
  void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights);

  /**
   * out[t] = sum over j of p (log p - log q), with p and q the softmax of row t of the logits, in
   * nats (Kullback and Leibler 1951); out is [tokens, 1].
   */
  void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits);

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

  /** Returns the kernels that choose which latents are active. */
  SelectionKernels selection();

  /** Returns the kernels on a part of the latents. */
  NestedKernels nested();

  /** Returns the kernels that search for codes on a shortlist. */
  PursuitKernels pursuit();

  /** Returns the kernels that choose from a shortlist of cheap scores. */
  ShortlistKernels shortlists();

  /** Returns the products that are used at once. */
  ProductKernels products();

  /** Returns the kernels on the slots of codes. */
  CodeKernels codes();

  // ------------------------------------------------------------------ optimizer

  /** Returns the kernels of optimizers. */
  OptimizerKernels optimizer();

  // ----------------------------------------------------------------- norms of rows

  /** Returns the kernels that bring rows to one scale and back. */
  RowNormKernels rowNorms();
}
