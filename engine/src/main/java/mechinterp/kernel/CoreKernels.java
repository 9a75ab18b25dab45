package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The first part of {@link Kernels}: products, elementwise arithmetic, the forward pass of norms,
 * activation functions and softmax, and a TopK autoencoder's encoding, decoding and gradient of
 * codes. What holds for all methods is said there.
 */
public interface CoreKernels {
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

  // ------------------------------------------------------------------ activation functions

  /** out = f(x), absolute error below 1e-6 |x|. */
  void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f);

  /** dx = dy f'(x); dx may be dy or x. */
  void activateBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f);

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
}
