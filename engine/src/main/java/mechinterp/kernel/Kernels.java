package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The whole arithmetic of a device: the {@link CoreKernels}, and what training, attention and the
 * other kinds of autoencoders need besides.
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
public interface Kernels extends CoreKernels {
  // ------------------------------------------------------------------ dense products

  /**
   * out[t] = column ids[t] of B [k, n] packed; out is [tokens, k], ids [1, tokens]. With it a tied
   * embedding is held once, as the packed unembedding.
   */
  void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids);

  // ------------------------------------------------------------------ elementwise and rows

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

  /** out: the codes with each index i replaced by ids[i]; ids [1, latents of codes] rise. */
  void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids);

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
