package mechinterp.sae.objective;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The loss that draws the encoder of a {@link HybridSae} to the pursuit's fixed point, on the first
 * tokens of a batch, n of B:
 *
 * <pre>
 *   loss = weight (B / n) sum over t &lt; n and j in C[t] of (z[t, j] - u[t, j])^2 / V
 *   u[t, j] = a*_j + &lt;rho*, d_j&gt; / |d_j|^2</pre>
 *
 * with the pursuit's codes a* and its last residual rho*. The targets u, the shortlists C and the
 * input x - b_dec are constants: W_enc and b_enc alone have a gradient. What the pursuit finds must
 * never reach the dictionary's own gradient: learned from better codes than the encoder's, the
 * dictionary explains more and its features are the wrong ones.
 *
 * <p>It chooses the active latents too, those that TopK chooses, because they are the first of the
 * shortlist.
 */
final class FixedPoint implements LatentChoice {
  private final Kernels kernels;
  private final HybridSae sae;
  private final int tokens;
  private final double factor;
  private final SparseCodes shortlist;
  private final FloatMatrix coefficients;
  private final LatentOrder order;
  private final BatchSums sums;

  FixedPoint(Workspace workspace, HybridSae sae, int batchSize) {
    HybridSaeConfig config = sae.config();
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.tokens = (int) Math.ceil(config.fixedPointShare() * batchSize);
    this.factor = config.fixedPointWeight() * batchSize / tokens;
    this.shortlist =
        workspace.codes("batch's shortlists", tokens, config.shortlist(), config.dSae());
    this.order = workspace.order("shortlists' order", tokens, config.shortlist(), config.dSae());
    this.coefficients = workspace.floats("fixed points", tokens, config.shortlist());
    this.sums = new BatchSums(workspace, "fixed points", tokens, config.shortlist());
  }

  @Override
  public void choose(SparseCodes codes, FloatMatrix centred) {
    sae.encodeShortlist(shortlist, inputs(centred));
    kernels.selection().keepLargestOfEach(codes.rowRange(0, tokens), shortlist, sae.config().k());
    if (tokens < centred.rows()) {
      sae.encodeFast(
          codes.rowRange(tokens, centred.rows()), centred.rowRange(tokens, centred.rows()));
    }
  }

  private FloatMatrix inputs(FloatMatrix centred) {
    return centred.rowRange(0, tokens);
  }

  /** Takes the loss and its gradient on the batch that was chosen from last. */
  double backward(FloatMatrix centred, double divisor) {
    sae.fixedPoint(coefficients, inputs(centred), shortlist);
    kernels.subtract(coefficients, shortlist.values(), coefficients);
    double loss = factor * sums.squares(coefficients) / divisor;
    kernels.scale(coefficients, coefficients, (float) (2 * factor / divisor));
    kernels.orderByLatent(order, shortlist);
    return loss;
  }

  SparseOuterProduct encoderTerm(FloatMatrix centred) {
    return new SparseOuterProduct(order, coefficients, inputs(centred));
  }

  void addToEncoderBias(FloatMatrix gradient) {
    kernels.latentSums(gradient, order, coefficients, Write.ADD);
  }
}
