package mechinterp.sae;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The choice and the second loss of {@link MultiTopKConfig}: the 4 k largest positive
 * pre-activations of a token, of which the k largest are the autoencoder's codes, and
 *
 * <pre>  1/8 sum |x - x^|^2 / V,   x^ of all 4 k</pre>
 */
final class MultiTopK implements LatentChoice, SparseTerm {
  private static final double WEIGHT = 1.0 / 8;

  private final Kernels kernels;
  private final TopKSae sae;
  private final MultiTopKConfig config;
  private final BatchSums sums;
  private final SparseCodes codes;
  private final LatentOrder order;
  private final FloatMatrix error;
  private final FloatMatrix codeGradients;

  MultiTopK(Workspace workspace, TopKSae sae, MultiTopKConfig config, int batchSize) {
    int more = config.moreK();
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.config = config;
    this.sums = new BatchSums(workspace, "4 k", batchSize, config.dIn());
    this.codes = workspace.codes("codes of 4 k", batchSize, more, config.dSae());
    this.order = workspace.order("order of 4 k", batchSize, more, config.dSae());
    this.error = workspace.floats("error of 4 k", batchSize, config.dIn());
    this.codeGradients = workspace.floats("code gradients of 4 k", batchSize, more);
  }

  @Override
  public void choose(SparseCodes kept, FloatMatrix inputs) {
    sae.encodePrepared(codes, inputs, config.moreK());
    kernels.selection().keepLargestOfEach(kept, codes, config.k());
  }

  /** Takes the loss and its gradient. */
  double backward(FloatMatrix x, double divisor) {
    double factor = WEIGHT / divisor;
    sae.decode(error, codes);
    kernels.subtract(error, error, x);
    double loss = factor * sums.squares(error);
    kernels.scale(error, error, (float) (2 * factor));
    kernels.orderByLatent(order, codes);
    kernels.codeGradients(codeGradients, codes, error, sae.weights().wDec());
    return loss;
  }

  @Override
  public SparseOuterProduct encoderTerm(FloatMatrix inputs) {
    return new SparseOuterProduct(order, codeGradients, inputs);
  }

  @Override
  public SparseOuterProduct decoderTerm() {
    return new SparseOuterProduct(order, codes.values(), error);
  }

  @Override
  public void addToEncoderBias(FloatMatrix gradient) {
    kernels.latentSums(gradient, order, codeGradients, Write.ADD);
  }

  @Override
  public void addToDecoderBias(FloatMatrix gradient) {
    kernels.sumRows(gradient, error, Write.ADD);
  }
}
