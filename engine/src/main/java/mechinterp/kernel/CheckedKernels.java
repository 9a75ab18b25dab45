package mechinterp.kernel;

import static mechinterp.kernel.AttentionChecks.requireKeys;
import static mechinterp.kernel.AttentionChecks.requirePattern;
import static mechinterp.kernel.AttentionChecks.requireSharedHeads;
import static mechinterp.kernel.AttentionChecks.requireSpans;
import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireHeads;
import static mechinterp.kernel.ShapeChecks.requirePositive;
import static mechinterp.kernel.ShapeChecks.requireSame;
import static mechinterp.kernel.ShapeChecks.requireShape;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * Kernels that check the shapes of their arguments before they hand them on, so that no
 * implementation has to. All checks throw {@link IllegalArgumentException} with the kernel's name,
 * what was found and what must hold.
 */
public final class CheckedKernels extends CheckedCoreKernels implements Kernels {
  private final Kernels kernels;

  /** Checks the arguments of {@code kernels}. */
  public CheckedKernels(Kernels kernels) {
    super(kernels);
    this.kernels = kernels;
  }

  @Override
  public void gatherColumns(FloatMatrix out, PackedMatrix b, IntMatrix ids) {
    requireShape("gatherColumns", "ids", ids, 1, out.rows());
    requireShape("gatherColumns", "out", out, out.rows(), b.rows());
    kernels.gatherColumns(out, b, ids);
  }

  @Override
  public void scatterAddRows(FloatMatrix table, FloatMatrix x, IntMatrix ids) {
    requireShape("scatterAddRows", "ids", ids, 1, x.rows());
    requireShape("scatterAddRows", "x", x, x.rows(), table.cols());
    kernels.scatterAddRows(table, x, ids);
  }

  @Override
  public void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    requireShape("sumRows", "out", out, 1, x.cols());
    kernels.sumRows(out, x, write);
  }

  @Override
  public void rowDots(FloatMatrix out, FloatMatrix a, FloatMatrix b) {
    requireSame("rowDots", a, b);
    requireShape("rowDots", "out", out, a.rows(), 1);
    kernels.rowDots(out, a, b);
  }

  @Override
  public void normalizeRows(FloatMatrix out, FloatMatrix x) {
    requireSame("normalizeRows", out, x);
    kernels.normalizeRows(out, x);
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
    requireSame("normBackward", dx, x);
    requireSame("normBackward", dy, x);
    requireShape("normBackward", "dScale", dScale, x.rows(), 1);
    requireShape("normBackward", "scale", scale, x.rows(), 1);
    requireShape("normBackward", "gain", gain, 1, x.cols());
    kernels.normBackward(dx, dScale, dy, x, scale, gain, norm);
  }

  @Override
  public void normScaleBackward(
      FloatMatrix dx, FloatMatrix dScale, FloatMatrix x, FloatMatrix scale, Norm norm) {
    requireSame("normScaleBackward", dx, x);
    requireShape("normScaleBackward", "dScale", dScale, x.rows(), 1);
    requireShape("normScaleBackward", "scale", scale, x.rows(), 1);
    kernels.normScaleBackward(dx, dScale, x, scale, norm);
  }

  @Override
  public void normGainGradient(
      FloatMatrix dGain, FloatMatrix dy, FloatMatrix x, FloatMatrix scale, Norm norm, Write write) {
    requireShape("normGainGradient", "dGain", dGain, 1, x.cols());
    requireSame("normGainGradient", dy, x);
    requireShape("normGainGradient", "scale", scale, x.rows(), 1);
    kernels.normGainGradient(dGain, dy, x, scale, norm, write);
  }

  @Override
  public void gatedActivate(
      FloatMatrix out, FloatMatrix gate, FloatMatrix linear, ActivationFunction f) {
    requireSame("gatedActivate", out, gate);
    requireSame("gatedActivate", gate, linear);
    kernels.gatedActivate(out, gate, linear, f);
  }

  @Override
  public void gatedActivateBackward(
      FloatMatrix dGate,
      FloatMatrix dLinear,
      FloatMatrix dOut,
      FloatMatrix gate,
      FloatMatrix linear,
      ActivationFunction f) {
    requireSame("gatedActivateBackward", dGate, gate);
    requireSame("gatedActivateBackward", dLinear, gate);
    requireSame("gatedActivateBackward", dOut, gate);
    requireSame("gatedActivateBackward", gate, linear);
    kernels.gatedActivateBackward(dGate, dLinear, dOut, gate, linear, f);
  }

  @Override
  public void softCap(FloatMatrix out, FloatMatrix x, float cap) {
    requireSame("softCap", out, x);
    requirePositive("softCap", "cap", cap);
    kernels.softCap(out, x, cap);
  }

  @Override
  public void softCapBackward(FloatMatrix dx, FloatMatrix dy, FloatMatrix y, float cap) {
    requireSame("softCapBackward", dx, y);
    requireSame("softCapBackward", dy, y);
    requirePositive("softCapBackward", "cap", cap);
    kernels.softCapBackward(dx, dy, y, cap);
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
    requireSame("rotary", out, x);
    requireHeads("rotary", "x", x, heads);
    requireShape("rotary", "positions", positions, 1, x.rows());
    requireSame("rotary", cos, sin);
    int dHead = x.cols() / heads;
    require(
        2L * cos.cols() <= dHead,
        () ->
            "rotary: cos is %s for heads of %d columns; it must have at most half as many"
                .formatted(cos.shape(), dHead));
    kernels.rotary(out, x, positions, cos, sin, heads, rotation);
  }

  @Override
  public void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    requireSame("attention", out, q);
    requireSame("attention", k, v);
    requireKeys("attention", "k", k, q, form.heads(), form.keyValueHeads());
    requireSpans("attention", spans);
    kernels.attention(out, q, k, v, spans, form);
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
    requireSame("attentionBackward", dq, q);
    requireSame("attentionBackward", dOut, q);
    requireSame("attentionBackward", dk, k);
    requireSame("attentionBackward", dv, v);
    requireSame("attentionBackward", k, v);
    requireKeys("attentionBackward", "k", k, q, form.heads(), form.keyValueHeads());
    requireSpans("attentionBackward", spans);
    kernels.attentionBackward(dq, dk, dv, dOut, q, k, v, spans, form);
  }

  @Override
  public void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    requireKeys("attentionScores", "k", k, q, form.heads(), form.keyValueHeads());
    requirePattern("attentionScores", "scores", scores, q, form.heads());
    requireSpans("attentionScores", spans);
    kernels.attentionScores(scores, q, k, spans, form);
  }

  @Override
  public void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    requireSharedHeads("attentionValues", heads, keyValueHeads);
    requireKeys("attentionValues", "v", v, out, heads, keyValueHeads);
    requirePattern("attentionValues", "pattern", pattern, out, heads);
    requireSpans("attentionValues", spans);
    kernels.attentionValues(out, pattern, v, spans, heads, keyValueHeads);
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
    requireSharedHeads("attentionValuesBackward", heads, keyValueHeads);
    requireKeys("attentionValuesBackward", "v", v, dOut, heads, keyValueHeads);
    requireSame("attentionValuesBackward", dv, v);
    requirePattern("attentionValuesBackward", "pattern", pattern, dOut, heads);
    requireSame("attentionValuesBackward", dPattern, pattern);
    requireSpans("attentionValuesBackward", spans);
    kernels.attentionValuesBackward(dPattern, dv, dOut, pattern, v, spans, heads, keyValueHeads);
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
    requireSame("attentionScoresBackward", dq, q);
    requireSame("attentionScoresBackward", dk, k);
    requireKeys("attentionScoresBackward", "k", k, q, form.heads(), form.keyValueHeads());
    requirePattern("attentionScoresBackward", "scores", scores, q, form.heads());
    requireSame("attentionScoresBackward", dScores, scores);
    requireSpans("attentionScoresBackward", spans);
    kernels.attentionScoresBackward(dq, dk, dScores, scores, q, k, spans, form);
  }

  @Override
  public void crossEntropy(FloatMatrix losses, FloatMatrix logits, IntMatrix targets) {
    requireShape("crossEntropy", "losses", losses, logits.rows(), 1);
    requireShape("crossEntropy", "targets", targets, 1, logits.rows());
    kernels.crossEntropy(losses, logits, targets);
  }

  @Override
  public void crossEntropyBackward(
      FloatMatrix dLogits, FloatMatrix logits, IntMatrix targets, FloatMatrix weights) {
    requireSame("crossEntropyBackward", dLogits, logits);
    requireShape("crossEntropyBackward", "targets", targets, 1, logits.rows());
    requireShape("crossEntropyBackward", "weights", weights, logits.rows(), 1);
    kernels.crossEntropyBackward(dLogits, logits, targets, weights);
  }

  @Override
  public void klDivergence(FloatMatrix out, FloatMatrix pLogits, FloatMatrix qLogits) {
    requireSame("klDivergence", pLogits, qLogits);
    requireShape("klDivergence", "out", out, pLogits.rows(), 1);
    kernels.klDivergence(out, pLogits, qLogits);
  }

  @Override
  public RowNormKernels rowNorms() {
    return new CheckedRowNorms(kernels.rowNorms());
  }

  @Override
  public OptimizerKernels optimizer() {
    return new CheckedOptimizer(kernels.optimizer());
  }

  @Override
  public SelectionKernels selection() {
    return new CheckedSelection(kernels.selection());
  }

  @Override
  public NestedKernels nested() {
    return new CheckedNested(kernels.nested());
  }

  @Override
  public PursuitKernels pursuit() {
    return new CheckedPursuit(kernels.pursuit());
  }

  @Override
  public ShortlistKernels shortlists() {
    return new CheckedShortlist(kernels.shortlists());
  }

  @Override
  public ProductKernels products() {
    return new CheckedProducts(kernels.products());
  }

  @Override
  public CodeKernels codes() {
    return new CheckedCodes(kernels.codes());
  }

  @Override
  public void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    requireSame("relabel", out.indices(), codes.indices());
    requireShape("relabel", "ids", ids, 1, codes.latents());
    kernels.relabel(out, codes, ids);
  }

  @Override
  public void orderByLatent(LatentOrder out, SparseCodes codes) {
    require(
        out.latents() == codes.latents()
            && out.capacity() == codes.capacity()
            && out.positions().size() >= codes.values().size(),
        () ->
            "orderByLatent: codes are %s over %d latents, the order has %d latents, %d slots a row and room for %d entries; latents and slots must be equal and the entries must fit"
                .formatted(
                    codes.values().shape(),
                    codes.latents(),
                    out.latents(),
                    out.capacity(),
                    out.positions().size()));
    kernels.orderByLatent(out, codes);
  }

  @Override
  public void latentSums(
      FloatMatrix out, LatentOrder order, FloatMatrix coefficients, Write write) {
    requireShape("latentSums", "out", out, 1, order.latents());
    requireShape("latentSums", "coefficients", coefficients, coefficients.rows(), order.capacity());
    kernels.latentSums(out, order, coefficients, write);
  }

  @Override
  public void sparseGradient(FloatMatrix out, List<SparseOuterProduct> terms) {
    requireTerms("sparseGradient", out, terms);
    kernels.sparseGradient(out, terms);
  }

  private static void requireTerms(String kernel, FloatMatrix out, List<SparseOuterProduct> terms) {
    for (SparseOuterProduct term : terms) {
      requireShape(kernel, "out", out, term.order().latents(), term.rows().cols());
    }
  }
}
