package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The loss of {@link GhostGradientsConfig} and its share of the gradient. The scale of a token
 * rules out any factor of its exp(z), so they are taken as a softmax, which cannot overflow or
 * vanish. With e = g - r and codes c[t, i] = s[t] exp(z[t, i]):
 *
 * <pre>
 *   dL/dg        = 2 weight m e / V
 *   dL/dz[t, i]  = c[t, i] dL/dg[t] . W_dec[i]
 *   dL/dW_dec[i] = sum over t of c[t, i] dL/dg[t]</pre>
 */
final class GhostGradients implements DeadLatentLoss {
  private static final double SAELENS_EPSILON = 1e-6;

  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final GhostGradientsConfig config;
  private final BatchSums sums;
  private final DeadEncoder encoder;
  private final FurtherReconstruction term;
  private final FloatMatrix noLimits;
  private final FloatMatrix noBias;
  private final FloatMatrix ofTokens;
  private final float[] residualSquares;
  private final float[] ghostSquares;
  private final float[] residual;
  private final float[] difference;

  GhostGradients(
      Workspace workspace, Sae sae, int batchSize, GhostGradientsConfig config, BatchSums sums) {
    int entries = config.rescale() == GhostGradientsConfig.Rescale.ENTRY ? sae.dOut() : 0;
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.config = config;
    this.sums = sums;
    this.encoder = new DeadEncoder(workspace, sae);
    this.term =
        new FurtherReconstruction(
            workspace, "ghost", sae, batchSize, sae.dSae(), sums, DecoderGradient.WITHOUT_BIAS);
    this.noLimits = workspace.floats("no limits", 1, sae.dSae());
    this.noBias = workspace.floats("no bias", 1, sae.dOut());
    this.ofTokens = workspace.floats("ghost scales", batchSize, 1);
    this.residualSquares = workspace.onHost(float[]::new, batchSize);
    this.ghostSquares = workspace.onHost(float[]::new, batchSize);
    this.residual = workspace.onHost(float[]::new, Math.multiplyExact(batchSize, entries));
    this.difference = workspace.onHost(float[]::new, Math.multiplyExact(batchSize, entries));
  }

  @Override
  public String name() {
    return SaeLoss.GHOST_GRADIENTS;
  }

  @Override
  public FurtherReconstruction term() {
    return term;
  }

  @Override
  public double backward(FloatMatrix inputs, FloatMatrix error, int[] dead, double lossDivisor) {
    FloatMatrix activations = term.codes().values().columnRange(0, dead.length);
    encode(inputs, dead, activations);
    kernels.decode(term.error(), term.codes(), sae.weights().wDec(), noBias);
    scaleToHalfOf(error, activations);
    kernels.add(term.error(), term.error(), error);
    double factor = config.weight() / lossDivisor;
    double loss =
        switch (config.rescale()) {
          case BATCH -> term.backward(factor * sizeOf(error));
          case ENTRY -> byEntry(error, factor);
        };
    FloatMatrix slopes = term.codeGradients().columnRange(0, dead.length);
    kernels.multiply(slopes, slopes, activations);
    return loss;
  }

  private void encode(FloatMatrix inputs, int[] dead, FloatMatrix activations) {
    DeadEncoder.Gathered gathered = encoder.gather(dead);
    FloatMatrix limits = noLimits.columnRange(0, dead.length);
    SparseCodes codes = term.codes();
    SparseCodes local =
        new SparseCodes(codes.indices(), codes.values(), codes.counts(), dead.length);
    kernels.fill(limits, Float.NEGATIVE_INFINITY);
    kernels.selection().encodeAbove(local, inputs, gathered.rows(), gathered.bias(), limits);
    kernels.softmax(activations, activations);
    kernels.relabel(codes, local, gathered.ids());
  }

  /** Makes the ghosts of each token half as long as its residual. */
  private void scaleToHalfOf(FloatMatrix error, FloatMatrix activations) {
    rowSquares(residualSquares, error);
    rowSquares(ghostSquares, term.error());
    for (int t = 0; t < ghostSquares.length; t++) {
      double scale = ghostSquares[t] > 0 ? residualSquares[t] / ghostSquares[t] : 0;
      ghostSquares[t] = (float) (0.5 * Math.sqrt(scale));
    }
    device.upload(ofTokens, ghostSquares, 0);
    kernels.codes().scaleRows(activations, activations, ofTokens);
    kernels.codes().scaleRows(term.error(), term.error(), ofTokens);
  }

  private void rowSquares(float[] onHost, FloatMatrix x) {
    kernels.rowDots(ofTokens, x, x);
    device.download(onHost, 0, ofTokens);
  }

  /** Returns m of the whole batch. */
  private double sizeOf(FloatMatrix error) {
    double squares = sums.squares(term.error());
    return squares > 0 ? sums.squares(error) / squares : 0;
  }

  private double byEntry(FloatMatrix error, double factor) {
    device.download(residual, 0, error);
    device.download(difference, 0, term.error());
    double sum = 0;
    for (int i = 0; i < difference.length; i++) {
      double square = (double) difference[i] * difference[i];
      double size = (double) residual[i] * residual[i] / (square + SAELENS_EPSILON);
      sum += size * square;
      difference[i] *= (float) size;
    }
    device.upload(term.error(), difference, 0);
    term.differentiate(factor);
    return factor * sum;
  }
}
