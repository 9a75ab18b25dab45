package mechinterp.device.cuda;

import java.util.List;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.CodeKernels;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.NestedKernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Operand;
import mechinterp.kernel.OptimizerKernels;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.ProductKernels;
import mechinterp.kernel.PursuitKernels;
import mechinterp.kernel.Rotation;
import mechinterp.kernel.RowNormKernels;
import mechinterp.kernel.SelectionKernels;
import mechinterp.kernel.ShortlistKernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The kernels of a GPU: products by cuBLAS in strict 32-bit arithmetic, the rest by our own
 * kernels, a class for each family. Nothing waits but attention, which reads its spans, and {@link
 * SelectionKernels#keepLargest}, which returns a number: a call asks for work, and what goes wrong
 * in it is reported by a later call. In which order cuBLAS adds may depend on how many rows there
 * are.
 */
final class CudaKernels implements Kernels {
  /** Pre-activations that exist at once while encoding: 64 MiB. */
  private static final int PRE_ACTIVATIONS = 1 << 24;

  private final CudaElements elements;
  private final CudaProducts products;
  private final CudaRows rows;
  private final CudaAttention attention;
  private final CudaPatterns patterns;
  private final CudaSparse sparse;
  private final CudaSelection selection;
  private final CudaCodes codes;
  private final CudaPursuit pursuit;

  CudaKernels(CudaWork work) {
    this(work, PRE_ACTIVATIONS);
  }

  /**
   * With another limit.
   *
   * @param preActivations how many numbers encoding may hold at once; a row is always held whole
   */
  CudaKernels(CudaWork work, int preActivations) {
    Launches launches = new Launches(work);
    elements = new CudaElements(launches);
    products = new CudaProducts(work, elements);
    rows = new CudaRows(launches);
    attention = new CudaAttention(launches);
    patterns = new CudaPatterns(launches);
    sparse = new CudaSparse(launches);
    selection = new CudaSelection(launches, products, preActivations);
    codes = new CudaCodes(launches, elements);
    pursuit = new CudaPursuit(launches);
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public void matmul(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    products.matmul(out, a, asA, b, asB, write);
  }

  @Override
  public PackedMatrix allocatePacked(int rows, int capacity) {
    return products.allocatePacked(rows, capacity);
  }

  @Override
  public long packedBytes(int rows, int capacity) {
    return CudaProducts.packedBytes(rows, capacity);
  }

  @Override
  public void pack(PackedMatrix packed, FloatMatrix b, Operand asB) {
    products.pack(packed, b, asB);
  }

  @Override
  public void packRows(PackedMatrix packed, FloatMatrix weights, IntMatrix ids) {
    products.packRows(packed, weights, ids);
  }

  @Override
  public void matmulPacked(FloatMatrix out, FloatMatrix a, PackedMatrix b) {
    products.matmulPacked(out, a, b);
  }

  @Override
  public void matmulPackedTransposed(FloatMatrix out, FloatMatrix a, PackedMatrix b, Write write) {
    products.matmulPackedTransposed(out, a, b, write);
  }

  @Override
  public void fill(FloatMatrix out, float value) {
    elements.fill(out, value);
  }

  @Override
  public void copy(FloatMatrix out, FloatMatrix x) {
    elements.copy(out, x);
  }

  @Override
  public void add(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elements.add(out, a, b);
  }

  @Override
  public void subtract(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elements.subtract(out, a, b);
  }

  @Override
  public void scale(FloatMatrix out, FloatMatrix x, float factor) {
    elements.scale(out, x, factor);
  }

  @Override
  public void addScaled(FloatMatrix out, FloatMatrix x, float factor) {
    elements.addScaled(out, x, factor);
  }

  @Override
  public void addRow(FloatMatrix out, FloatMatrix x, FloatMatrix row, float factor) {
    elements.addRow(out, x, row, factor);
  }

  @Override
  public void multiply(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    elements.multiply(out, a, b);
  }

  @Override
  public void multiplyRow(FloatMatrix out, FloatMatrix x, FloatMatrix row) {
    elements.multiplyRow(out, x, row);
  }

  @Override
  public void gatherRows(FloatMatrix out, FloatMatrix table, IntMatrix ids) {
    elements.gatherRows(out, table, ids);
  }

  @Override
  public void normScale(FloatMatrix scale, FloatMatrix x, float epsilon, Norm norm) {
    rows.normScale(scale, x, epsilon, norm);
  }

  @Override
  public void norm(
      FloatMatrix out,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      FloatMatrix bias,
      Norm norm) {
    rows.norm(out, x, scale, gain, bias, norm);
  }

  @Override
  public void activate(FloatMatrix out, FloatMatrix x, ActivationFunction f) {
    elements.activate(out, x, f);
  }

  @Override
  public void activateBackward(
      FloatMatrix dx, FloatMatrix dy, FloatMatrix x, ActivationFunction f) {
    elements.activateBackward(dx, dy, x, f);
  }

  @Override
  public void softmax(FloatMatrix out, FloatMatrix x) {
    rows.softmax(out, x);
  }

  @Override
  public void softmaxBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y) {
    rows.softmaxBackward(dx, dy, y);
  }

  @Override
  public void encodeTopK(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    selection.encodeTopK(codes, x, encoder, bias, k);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes, FloatMatrix decoder, FloatMatrix bias) {
    sparse.decode(out, codes, decoder, bias);
  }

  @Override
  public void codeGradients(
      FloatMatrix out, SparseCodes codes, FloatMatrix dOut, FloatMatrix decoder) {
    sparse.codeGradients(out, codes, dOut, decoder);
  }

  @Override
  public void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids) {
    products.gatherColumns(out, b, ids);
  }

  @Override
  public void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids) {
    rows.scatterAddRows(table, x, ids);
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    rows.sumRows(out, x, write);
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    rows.rowDots(out, a, b);
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    rows.normalizeRows(out, x);
  }

  @Override
  public void normBackward(
      FloatMatrix dx,
      FloatMatrix dScale,
      FloatMatrix dy,
      FloatMatrix x,
      FloatMatrix scale,
      FloatMatrix gain,
      Norm norm) {
    rows.normBackward(dx, dScale, dy, x, scale, gain, norm);
  }

  @Override
  public void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    rows.normScaleBackward(dx, dScale, x, scale, norm);
  }

  @Override
  public void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    rows.normGainGradient(dGain, dy, x, scale, norm, write);
  }

  @Override
  public void gatedActivate(
      FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    elements.gatedActivate(out, gate, linear, f);
  }

  @Override
  public void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    elements.gatedActivateBackward(dGate, dLinear, dOut, gate, linear, f);
  }

  @Override
  public void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    elements.softCap(out, x, cap);
  }

  @Override
  public void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    elements.softCapBackward(dx, dy, y, cap);
  }

  @Override
  public void rotary(
      FloatMatrix out,
      FloatMatrix x,
      IntMatrix positions,
      FloatMatrix cos,
      FloatMatrix sin,
      int heads,
      Rotation rotation) {
    elements.rotary(out, x, positions, cos, sin, heads, rotation);
  }

  @Override
  public void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    attention.attention(out, q, k, v, spans, form);
  }

  @Override
  public void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    attention.attentionBackward(dq, dk, dv, dOut, q, k, v, spans, form);
  }

  @Override
  public void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    patterns.attentionScores(scores, q, k, spans, form);
  }

  @Override
  public void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    patterns.attentionValues(out, pattern, v, spans, heads, keyValueHeads);
  }

  @Override
  public void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    patterns.attentionValuesBackward(dPattern, dv, dOut, pattern, v, spans, heads, keyValueHeads);
  }

  @Override
  public void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form) {
    patterns.attentionScoresBackward(dq, dk, dScores, scores, q, k, spans, form);
  }

  @Override
  public void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    rows.crossEntropy(losses, logits, targets);
  }

  @Override
  public void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    rows.crossEntropyBackward(dLogits, logits, targets, weights);
  }

  @Override
  public void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    rows.klDivergence(out, pLogits, qLogits);
  }

  @Override
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    sparse.relabel(out, codes, ids);
  }

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    sparse.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    sparse.latentSums(out, order, coefficients, write);
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    sparse.sparseGradient(out, terms);
  }

  @Override
  public SelectionKernels selection() {
    return selection;
  }

  @Override
  public NestedKernels nested() {
    return sparse;
  }

  @Override
  public PursuitKernels pursuit() {
    return pursuit;
  }

  @Override
  public ShortlistKernels shortlists() {
    return selection;
  }

  @Override
  public ProductKernels products() {
    return products;
  }

  @Override
  public CodeKernels codes() {
    return codes;
  }

  @Override
  public OptimizerKernels optimizer() {
    return sparse;
  }

  @Override
  public RowNormKernels rowNorms() {
    return rows;
  }
}
