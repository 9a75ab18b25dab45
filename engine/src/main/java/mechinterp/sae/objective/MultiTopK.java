package mechinterp.sae.objective;

import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The choice and the second loss of {@link MultiTopKConfig}: the 4 k largest positive
 * pre-activations of a token, of which the k largest are the autoencoder's codes, and
 *
 * <pre>  1/8 sum |x - x^|^2 / V,   x^ of all 4 k</pre>
 */
final class MultiTopK implements LatentChoice {
  private static final double WEIGHT = 1.0 / 8;

  private final Kernels kernels;
  private final TopKSae sae;
  private final MultiTopKConfig config;
  private final FurtherReconstruction term;

  MultiTopK(Workspace workspace, TopKSae sae, MultiTopKConfig config, int batchSize) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.config = config;
    BatchSums sums = new BatchSums(workspace, "4 k", batchSize, config.dIn());
    this.term =
        new FurtherReconstruction(workspace, "4 k", sae, batchSize, config.moreK(), sums, true);
  }

  @Override
  public void choose(SparseCodes kept, FloatMatrix inputs) {
    sae.encodePrepared(term.codes(), inputs, config.moreK());
    kernels.selection().keepLargestOfEach(kept, term.codes(), config.k());
  }

  /** Takes the loss and its gradient. */
  double backward(FloatMatrix x, double divisor) {
    sae.decode(term.error(), term.codes());
    kernels.subtract(term.error(), term.error(), x);
    return term.backward(WEIGHT / divisor);
  }

  FurtherReconstruction term() {
    return term;
  }
}
